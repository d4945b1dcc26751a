import { BusError } from '@callweave/bus';
import { type InstanceId, LegId } from '@callweave/contracts';
import { answerInSpan, type IncomingRequest, type Reply } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords, type FoundLeg } from '../call/call-records.ts';
import { type DialogIdentity } from '../leg/dialog.ts';
import { type LegTable } from '../leg/leg.ts';
import { unavailable } from '../unavailable.ts';
import { type Adopter } from './adopter.ts';
import { toPassed } from './passed-request.ts';
import { type Peers } from './peers.ts';

/** How often a leg is looked up anew when its owner changed meanwhile. */
const ATTEMPTS = 4;

export interface StraysDeps {
  readonly records: Pick<CallRecords, 'find'>;
  readonly adopter: Adopter;
  readonly peers: Peers;
  readonly legs: LegTable;
  /** Whose a dialog is that our engine has for another edge, while its records may not be stored yet. */
  readonly lentTo: (localTag: string, identity: DialogIdentity) => Promise<InstanceId | undefined>;
  readonly owner: () => InstanceId;
  readonly log: Logger;
}

/**
 * Requests inside dialogs that this edge does not have in memory: passed to the edge that has them, and when that one
 * is gone, taken over. RFC 3261 §12.2.2.
 */
export class Strays {
  readonly #deps: StraysDeps;

  constructor(deps: StraysDeps) {
    this.#deps = deps;
  }

  /** Answers a request with our tag `localTag` and the peer's identity. */
  async handle(request: IncomingRequest, localTag: string, identity: DialogIdentity): Promise<void> {
    const legId = LegId.safeParse(localTag);
    if (!legId.success) await answer(request, { status: 481 });
    else {
      try {
        const lentTo = await this.#deps.lentTo(localTag, identity);
        if (lentTo !== undefined && (await this.#passTo(lentTo, request, legId.data))) return;
        const found = await this.#deps.records.find(legId.data);
        const trace = { parent: found?.leg.traceparent, attributes: { 'callweave.leg_id': legId.data } };
        await answerInSpan(request, trace, (traced) => this.#handle(traced, found, identity));
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        ignore(this.#deps.log, error, 'the peer is told to come back');
        await answer(request, unavailable());
      }
    }
  }

  async #handle(request: IncomingRequest, first: FoundLeg | undefined, identity: DialogIdentity): Promise<void> {
    let found = first;
    // The engine's own farewell in a dialog that is not ours any more concerns nobody.
    if (request.isFromEngine && first?.leg.edge !== this.#deps.owner()) return;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (found === undefined || !isSame(found, identity)) {
        const { method, uri, source } = request;
        this.#deps.log.warn('dialog.unknown', { method, uri, source, sipCallId: identity.callId });
        await answer(request, { status: 481 });
        return;
      }
      // RFC 3261 §15.1.2: the BYE of one who has not heard yet that it is over, or one that comes again.
      if (found.call.state === 'ended') {
        await answer(request, { status: request.method === 'BYE' ? 200 : 481 });
        return;
      }
      if (await this.#passTo(found.call.owner, request, found.leg.legId)) return;
      if (await this.#takeOver(request, found)) return;
      found = await this.#deps.records.find(found.leg.legId);
    }
    await answer(request, unavailable());
  }

  /** True when its owner has dealt with it. */
  async #passTo(owner: InstanceId, request: IncomingRequest, legId: LegId): Promise<boolean> {
    const { peers, log } = this.#deps;
    const self = this.#deps.owner();
    if (owner === self || !(await peers.holds(owner, legId))) return false;
    const asked = toPassed(request, self, legId);
    const { headers } = asked;
    const cancelled = new AbortController();
    request.onCancel((message) => {
      cancelled.abort();
      const cancel = { ...asked, method: 'CANCEL', headers: { ...headers, reason: message.header('reason') ?? '' } };
      peers.pass(owner, cancel).catch((error: unknown) => ignore(log, error, 'it is answered as if it were not'));
    });
    const passed = await peers.pass(owner, asked);
    // The engine that took the CANCEL has answered by itself.
    if (cancelled.signal.aborted) return true;
    if (passed.kind === 'answered') await answer(request, passed.reply);
    else if (passed.kind === 'silent') await answer(request, { status: 408 });
    return passed.kind !== 'not-held';
  }

  async #takeOver(request: IncomingRequest, found: FoundLeg): Promise<boolean> {
    const call = await this.#deps.adopter.adopt(found);
    if (call === undefined) return false;
    const leg = this.#deps.legs.byId(found.leg.legId);
    // Both sides hung up at the same moment, and the other one was first.
    if (leg === undefined) await answer(request, { status: request.method === 'BYE' ? 200 : 481 });
    else await leg.receive(request);
    return true;
  }
}

function isSame({ leg }: FoundLeg, { callId, remoteTag }: DialogIdentity): boolean {
  return leg.sipCallId === callId && leg.remoteTag === remoteTag;
}

/** An ACK is never answered, nor what our engine has made. */
async function answer(request: IncomingRequest, reply: Reply): Promise<void> {
  if (request.method !== 'ACK' && !request.isFromEngine) await request.reply(reply);
}
