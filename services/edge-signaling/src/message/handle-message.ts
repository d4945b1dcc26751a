import { rankOf } from '@callweave/sip';
import { type IncomingRequest, type Reply, type RequestHandler } from '@callweave/srf';
import { type AdmitDeps, admitRequest } from '../admit/admit-request.ts';
import { type Identity, identityHeaders } from '../admit/identity.ts';
import { type CallDeps } from '../call/call.ts';
import { type Itinerary } from '../call/itinerary.ts';
import { notTaken } from '../call/redirect.ts';
import { type Group } from '../call/resolve-targets.ts';
import { type Target } from '../call/targets.ts';
import { createLegId } from '../leg/leg-id.ts';
import { passedStatus } from '../leg/passed-status.ts';

export interface MessageDeps extends AdmitDeps, Pick<CallDeps, 'sendThrough' | 'clock'> {}

/** Longest text that is passed on; over UDP the engine's own limit is lower. */
const MAX_BYTES = 65_536;
/** Nobody is tried after this long: the sender gives up after 32 s, RFC 3261 §17.1.2. */
const LAST_TRY_MS = 16_000;
const PASSED = ['content-type', 'content-disposition', 'content-language', 'subject', 'date', 'expires', 'in-reply-to'];

/**
 * Passes pager-mode messages to the devices of a user, RFC 3428: to those of one q-value at once, and the first to take
 * it answers for all. They go where a user sends all his calls, and where they go when he cannot be reached. Nothing is
 * kept for who is away: the sender is told 480.
 */
export function messageHandler(deps: MessageDeps): RequestHandler {
  return async (request) => {
    await request.reply(await answerTo(request, deps));
  };
}

async function answerTo(request: IncomingRequest, deps: MessageDeps): Promise<Reply> {
  const isTooLong = Buffer.byteLength(request.body ?? '') > MAX_BYTES;
  const defectOf = (): Reply | undefined => (isTooLong ? { status: 413 } : undefined);
  // Unlike a caller, nobody waits to hear that it goes on.
  const admitted = await admitRequest(request, deps, defectOf, () => undefined);
  if (admitted.kind === 'refuse') return admitted.reply;
  const { itinerary, ...parties } = admitted;
  return deliver(itinerary, { request, ...parties, deps, lastTryMs: deps.clock.monotonicMs() + LAST_TRY_MS });
}

interface Delivery {
  readonly request: IncomingRequest;
  readonly identity: Identity;
  readonly to: string;
  readonly deps: MessageDeps;
  readonly lastTryMs: number;
}

async function deliver(itinerary: Itinerary, delivery: Delivery): Promise<Reply> {
  let best: number | undefined;
  while (delivery.deps.clock.monotonicMs() < delivery.lastTryMs) {
    const group = await itinerary.next();
    if (group === undefined) break;
    const status = await sendToAll(group, delivery);
    if (status < 300 || status >= 600) return { status };
    itinerary.failed(isAway(status) ? 'unavailable' : undefined);
    best = better(status, best);
  }
  return { status: itinerary.isLoop ? 482 : (best ?? 480) };
}

/** Whether no device of his got it; one that is busy, or does not like it, did. */
function isAway(status: number): boolean {
  return notTaken(status, false) === 'unavailable';
}

/** Which of two failures tells the sender more; the first when they are alike. RFC 3261 §16.7 step 6 */
function better(status: number, before: number | undefined): number {
  return before === undefined || rankOf(status) < rankOf(before) ? status : before;
}

/** The first 2xx, or the best failure. */
function sendToAll(group: Group, delivery: Delivery): Promise<number> {
  return new Promise((resolve) => {
    let awaited = group.length;
    let best: number | undefined;
    for (const target of group) {
      sendTo(target, delivery, (status) => {
        awaited -= 1;
        if (status < 300) resolve(status);
        best = better(status, best);
        if (awaited === 0) resolve(best);
      });
    }
  });
}

function sendTo(target: Target, { request, identity, to, deps }: Delivery, done: (status: number) => void): void {
  const headers: Record<string, string | readonly string[]> = {
    ...identityHeaders(identity, target, createLegId()),
    To: to,
    ...target.headers,
  };
  for (const name of PASSED) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const { uri, nextHop, edge, isInternal } = target;
  deps.sendThrough(edge)(
    { method: 'MESSAGE', uri, nextHop, isInternal, headers, body: request.body },
    {
      responded: ({ status }) => {
        if (status >= 200) done(passedStatus(status));
      },
      failed: () => done(480),
    },
  );
}
