import { type LegId } from '@callweave/contracts';
import {
  type HeaderValues,
  type IncomingRequest,
  type OutgoingEvents,
  type Reply,
  type SentRequest,
} from '@callweave/srf';
import { activeTrace } from '@callweave/telemetry';
import { Machine } from '../machine.ts';
import {
  cseqOf,
  type DialogIdentity,
  dialogIdentity,
  type DialogState,
  engineDialogId,
  nextHopOf,
  partyOf,
  peerOf,
  recordRouteOf,
  refreshed,
  type TargetRefresh,
} from './dialog.ts';
import { type DialogEvents, type InDialog, type Leg, notingCseq, type SendRequest, unsent } from './leg.ts';
import { sendBye } from './named-request.ts';
import { lists, reliably } from './reliable.ts';
import { acceptedTerms, answerHeaders } from './session-terms.ts';
import { type UasAction, type UasInput, uasLegTable, type UasState } from './uas-leg.table.ts';

/** What a caller's leg tells its call. */
export interface UasLegEvents extends DialogEvents {
  /** With the Reason of the CANCEL, to pass on. RFC 3326 */
  cancelled(reason: string | undefined): void;
  /** A PRACK of a response that brought an offer, with the answer. RFC 3262 §5 */
  pracked?(sdp: string | undefined): void;
}

interface Detail {
  readonly reply?: Reply;
  readonly request?: IncomingRequest;
  readonly headers?: HeaderValues | undefined;
  readonly reason?: string | undefined;
}

/** The leg of a caller. */
export class UasLeg implements Leg {
  readonly legId: LegId;
  readonly trace = activeTrace();
  readonly edge = undefined;
  readonly identity: DialogIdentity;
  #dialog: DialogState;
  /** Until the call is answered. */
  #setUp: UasLegEvents | undefined;
  #events: DialogEvents;
  readonly #send: SendRequest;
  readonly #machine: Machine<UasState, UasInput, UasAction, Detail, UasLeg>;
  #invite: IncomingRequest | undefined;
  #hasAnswerLeft = false;
  /** Whether the caller will have every provisional response acknowledged. */
  readonly isReliable: boolean;
  /** Whether he leaves the offer to us and can answer it before the call is answered. */
  readonly takesEarlyOffer: boolean;
  /** Our offer, told before the answer. */
  #early: 'none' | 'open' | 'answered' = 'none';

  constructor(
    invite: IncomingRequest,
    { legId, send, events }: { legId: LegId; send: SendRequest; events: UasLegEvents },
  ) {
    this.legId = legId;
    this.identity = dialogIdentity(invite, 'from');
    this.#dialog = {
      localUri: partyOf(invite, 'to'),
      remoteUri: partyOf(invite, 'from'),
      ...peerOf(invite),
      nextHop: nextHopOf(invite, invite),
      routeSet: recordRouteOf(invite),
      localCseq: 0,
      remoteCseq: cseqOf(invite),
      session: acceptedTerms(invite),
    };
    this.#invite = invite;
    this.isReliable = lists(invite, 'require');
    this.takesEarlyOffer = invite.body === undefined && (this.isReliable || lists(invite, 'supported'));
    this.#send = send;
    this.#setUp = events;
    this.#events = events;
    this.#machine = new Machine(uasLegTable, 'received', UasLeg.#actions, this);
    invite.onCancel((cancel) => this.#machine.feed('cancelled', { reason: cancel.header('reason') }));
  }

  get dialog(): DialogState {
    return this.#dialog;
  }

  /** The call is answered: what is seen in the dialog is for `events` from now on, and nothing else is told any more. */
  settle(events: DialogEvents): void {
    this.#setUp = undefined;
    this.#events = events;
  }

  get state(): UasState {
    return this.#machine.state;
  }

  get isUnheard(): boolean {
    return !this.#hasAnswerLeft && this.state !== 'confirmed';
  }

  /** Passes a provisional response on; to a caller who insists on reliable ones, as such. */
  progress(reply: Reply): void {
    const isOffer = this.takesEarlyOffer && this.#early === 'none' && reply.body !== undefined;
    if (isOffer) this.#early = 'open';
    // The first reliable response to an INVITE without an offer must bring one, RFC 3262 §5: there is none yet.
    else if (this.isReliable && this.takesEarlyOffer && this.#early === 'none') return;
    this.#machine.feed('progress', { reply: this.isReliable || isOffer ? reliably(reply) : reply });
  }

  /** Answers with a 2xx; our engine times the session as that says. */
  answer(reply: Reply): void {
    const { session } = this.#dialog;
    const timed = session === undefined ? {} : answerHeaders(session);
    this.#machine.feed('answer', { reply: { ...reply, headers: { ...reply.headers, ...timed } } });
  }

  /** Refuses with a failure. */
  refuse(reply: Reply): void {
    this.#machine.feed('refuse', { reply });
  }

  hangUp(headers?: HeaderValues): void {
    this.#machine.feed('hangUp', { headers });
  }

  drop(): void {
    this.#machine.feed('drop', {});
  }

  async receive(request: IncomingRequest): Promise<void> {
    switch (request.method) {
      case 'ACK':
        this.#machine.feed('ack', {});
        this.#events.acknowledged(request.body);
        return;
      case 'BYE':
        if (request.isFromEngine) {
          this.#machine.feed('lost', {});
          return;
        }
        // The answer never waits for anything behind us.
        await request.reply({ status: 200 });
        this.#machine.feed('bye', { request });
        return;
      case 'PRACK':
        // The engine has matched it.
        if (this.#early === 'open') {
          this.#early = 'answered';
          await request.reply({ status: 200 });
          this.#setUp?.pracked?.(request.body);
        }
        // What it offers anew could be answered only before the call is.
        else await request.reply({ status: request.body === undefined ? 200 : 488 });
        return;
      default:
        await this.#events.request(request);
    }
  }

  refreshTarget(message: TargetRefresh): void {
    this.#dialog = refreshed(this.#dialog, message);
  }

  request(request: InDialog, events: OutgoingEvents): SentRequest {
    const isOver = this.state === 'terminated' || this.state === 'leaving';
    return isOver ? unsent(events) : this.#request(request, events);
  }

  #request(request: InDialog, events: OutgoingEvents): SentRequest {
    const noting = notingCseq(events, (localCseq) => (this.#dialog = { ...this.#dialog, localCseq }));
    return this.#send({ ...request, uri: 'sip:placeholder', dialogId: this.#dialogId }, noting);
  }

  get #dialogId(): string {
    return engineDialogId(this.identity.callId, this.identity.remoteTag);
  }

  #reply(reply: Reply | undefined, sent?: () => void): void {
    if (reply === undefined) return;
    const to = { To: `<sip:placeholder>;tag=${this.legId}` };
    const sending = this.#invite?.reply({ ...reply, headers: { ...reply.headers, ...to } });
    sending?.then(sent, () => this.#machine.feed('lost', {}));
  }

  static readonly #actions: Readonly<Record<UasAction, (detail: Detail, leg: UasLeg) => void>> = {
    sendProgress: ({ reply }, leg) => leg.#reply(reply),
    sendAnswer: ({ reply }, leg) => {
      leg.#reply(reply, () => (leg.#hasAnswerLeft = true));
      leg.#invite = undefined;
    },
    sendRefusal: ({ reply }, leg) => leg.#reply(reply),
    sendBye: ({ headers }, leg) => sendBye(leg, leg.#send, leg.#dialogId, headers),
    tellCancelled: ({ reason }, leg) => leg.#setUp?.cancelled(reason),
    tellBye: ({ request }, leg) => {
      if (request !== undefined) leg.#events.bye(request);
    },
    tellLost: (_detail, leg) => leg.#events.lost(),
    dispose: (_detail, leg) => {
      leg.#invite = undefined;
      leg.#events.disposed();
    },
  };
}
