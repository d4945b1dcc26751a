import { type Clock } from '@callweave/clock';
import { type InstanceId, type LegId, type LegRecord } from '@callweave/contracts';
import { type HeaderValues, type IncomingRequest, type OutgoingEvents, type SentRequest } from '@callweave/srf';
import { Machine } from '../machine.ts';
import { adoptedLegTable, type AdoptedAction, type AdoptedInput, type AdoptedState } from './adopted-leg.table.ts';
import { cseqOf, type DialogIdentity, type DialogState, refreshed, type TargetRefresh } from './dialog.ts';
import { ask } from '../call/exchange.ts';
import { type InDialog, type Leg, type SendRequest, silent, unsent } from './leg.ts';
import { CSEQ_STEP, namedRequest } from './named-request.ts';
import { type Refreshed, SessionKeeper } from './session-keeper.ts';
import { acceptedTerms, answerHeaders, isForSession, requestHeaders } from './session-terms.ts';

/** What an adopted leg tells its call. */
export interface AdoptedLegEvents {
  bye(request: IncomingRequest): void;
  lost(): void;
  /** A request inside the dialog that is neither ACK nor BYE. */
  request(request: IncomingRequest): Promise<void>;
  /** An ACK, which can only be that of a re-INVITE. */
  acknowledged(sdp: string | undefined): void;
  /** Its session is to be agreed to anew, for want of UPDATE. */
  renew(): Promise<Refreshed>;
  disposed(): void;
}

interface Detail {
  readonly request?: IncomingRequest;
  readonly headers?: HeaderValues | undefined;
}

const EXPIRED: HeaderValues = { Reason: 'SIP;cause=200;text="Session timer expired"' };

/** A leg restored from its record: what it sends names dialog, number and routes, since no engine need know of it. */
export class AdoptedLeg implements Leg {
  readonly legId: LegId;
  readonly identity: DialogIdentity;
  readonly trace: string | undefined;
  readonly edge: InstanceId | undefined;
  readonly #events: AdoptedLegEvents;
  readonly #send: SendRequest;
  readonly #machine: Machine<AdoptedState, AdoptedInput, AdoptedAction, Detail>;
  readonly #keeper: SessionKeeper;
  #dialog: DialogState;

  /** `epoch` is that of the new owner. */
  constructor(
    record: LegRecord,
    { epoch, send, events, clock }: { epoch: number; send: SendRequest; events: AdoptedLegEvents; clock: Clock },
  ) {
    const { legId, sipCallId, remoteTag, localUri, remoteUri, remoteTarget, nextHop, routeSet, remoteCseq } = record;
    const { session } = record;
    this.legId = legId;
    this.identity = { callId: sipCallId, remoteTag };
    this.trace = record.traceparent;
    this.edge = record.edge;
    const localCseq = record.localCseq + CSEQ_STEP * (epoch - record.epoch);
    this.#dialog = { localUri, remoteUri, remoteTarget, nextHop, routeSet, localCseq, remoteCseq, session };
    this.#send = send;
    this.#events = events;
    this.#machine = new Machine(adoptedLegTable, 'confirmed', this.#actions);
    const expired = (): void => this.#machine.feed('expired', { headers: EXPIRED });
    this.#keeper = new SessionKeeper({ refresh: () => this.#refresh(), expired, clock });
  }

  /** Keeps its session alive from now on, unless the engine of another edge does. */
  keepAlive(): void {
    const { session } = this.#dialog;
    if (session !== undefined && this.edge === undefined) this.#keeper.start(session);
  }

  get dialog(): DialogState {
    return this.#dialog;
  }

  async receive(request: IncomingRequest): Promise<void> {
    if (request.method === 'ACK') {
      this.#events.acknowledged(request.body);
      return;
    }
    if (request.isFromEngine) {
      this.#machine.feed('lost', {});
      return;
    }
    const remoteCseq = cseqOf(request);
    // RFC 3261 §12.2.2: what was overtaken by a later request is out of order.
    if (remoteCseq < this.#dialog.remoteCseq) {
      await request.reply({ status: 500 });
      return;
    }
    this.#dialog = { ...this.#dialog, remoteCseq };
    if (request.method !== 'BYE') {
      await this.#events.request(isForSession(request.method) ? this.#timed(request) : request);
      return;
    }
    // The answer never waits for anything behind us.
    await request.reply({ status: 200 });
    this.#machine.feed('bye', { request });
  }

  refreshTarget(message: TargetRefresh): void {
    this.#dialog = refreshed(this.#dialog, message);
    if (this.edge === undefined) this.#keeper.agreed(this.#dialog.session);
  }

  request(request: InDialog, events: OutgoingEvents): SentRequest {
    return this.#machine.state === 'terminated' ? unsent(events) : this.#request(request, events);
  }

  #request(request: InDialog, events: OutgoingEvents): SentRequest {
    const cseq = this.#dialog.localCseq + 1;
    this.#dialog = { ...this.#dialog, localCseq: cseq };
    const { session } = this.#dialog;
    const terms = session === undefined || !isForSession(request.method) ? {} : requestHeaders(session);
    return this.#send(namedRequest(this, { ...request, headers: { ...request.headers, ...terms } }, cseq), events);
  }

  async #refresh(): Promise<Refreshed> {
    if (this.#dialog.session?.takesUpdate !== true) return this.#events.renew();
    const response = await ask(this, { method: 'UPDATE' });
    if (response === undefined) return 'refused';
    if (response.status >= 300) return response.status === 481 || response.status === 408 ? 'gone' : 'refused';
    this.refreshTarget(response);
    return 'accepted';
  }

  /** The same request, whose 2xx says what is agreed: an engine that does not know the dialog would say nothing. */
  #timed(request: IncomingRequest): IncomingRequest {
    return {
      ...request,
      reply: (reply) => {
        const session = reply.status < 300 ? acceptedTerms(request, this.#dialog.session) : undefined;
        return request.reply(
          session === undefined ? reply : { ...reply, headers: { ...reply.headers, ...answerHeaders(session) } },
        );
      },
    };
  }

  hangUp(headers?: HeaderValues): void {
    this.#machine.feed('hangUp', { headers });
  }

  drop(): void {
    this.#machine.feed('drop', {});
  }

  readonly #actions: Readonly<Record<AdoptedAction, (detail: Detail) => void>> = {
    sendBye: ({ headers }) => void this.#request({ method: 'BYE', headers: headers ?? {} }, silent),
    tellBye: ({ request }) => {
      if (request !== undefined) this.#events.bye(request);
    },
    tellLost: () => this.#events.lost(),
    dispose: () => {
      this.#keeper.stop();
      this.#events.disposed();
    },
  };
}
