import { type InstanceId, type LegId } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import {
  type HeaderValues,
  type IncomingRequest,
  type IncomingResponse,
  type LeftInvite,
  type OutgoingEvents,
  type ReadableMessage,
  sentInvite,
  type SentRequest,
} from '@callweave/srf';
import { activeTrace } from '@callweave/telemetry';
import { abilities } from '../abilities.ts';
import { Machine } from '../machine.ts';
import {
  answeredDialog,
  type DialogIdentity,
  type DialogState,
  engineDialogId,
  refreshed,
  tagOf,
  type TargetRefresh,
} from './dialog.ts';
import { RELIABLE, ReliableProgress } from './reliable.ts';
import { type DialogEvents, type InDialog, type Leg, notingCseq, type SendRequest, unsent } from './leg.ts';
import { sendBye } from './named-request.ts';
import { type UacAction, type UacInput, uacLegTable, type UacState } from './uac-leg.table.ts';

/** What a device's leg tells its call. */
export interface UacLegEvents extends DialogEvents {
  /** It has heard of the INVITE that our engine sent, which another engine could cancel. */
  reached?(invite: LeftInvite): void;
  progress(response: IncomingResponse): void;
  answered(response: IncomingResponse): void;
  /** A final response of 300 or more. */
  failed(response: IncomingResponse): void;
  /** The dialog can be found from now on. */
  established(): void;
}

/** Whom to call, and how. */
export interface Invitation {
  readonly uri: string;
  readonly nextHop: string | undefined;
  readonly callId: string;
  readonly headers: HeaderValues;
  /** Undefined leaves the offer to the device: its answer is then acknowledged by `acknowledge`. */
  readonly sdp: string | undefined;
  /** It may make that offer before it answers, reliably; `answerEarly` answers it. RFC 3262 §5 */
  readonly offersEarly?: boolean;
}

interface Detail {
  readonly response?: IncomingResponse;
  readonly request?: IncomingRequest;
  readonly headers?: HeaderValues | undefined;
}

/** The leg to a device. */
export class UacLeg implements Leg {
  readonly legId: LegId;
  readonly trace = activeTrace();
  readonly edge: InstanceId | undefined;
  readonly #callId: string;
  /** Until the call is answered. */
  #setUp: UacLegEvents | undefined;
  #events: DialogEvents;
  readonly #send: SendRequest;
  readonly #machine: Machine<UacState, UacInput, UacAction, Detail, UacLeg>;
  /** Until it is answered for good. */
  #sent: SentRequest | undefined;
  readonly #isOfferless: boolean;
  #isAnsweredEarly = false;
  /** The 2xx whose offer is not answered yet. */
  #unacknowledged: IncomingResponse | undefined;
  readonly #reliable = new ReliableProgress();
  /** The INVITE as it went out, until somebody has heard of it. */
  #invite: ReadableMessage | undefined;
  #remoteTag = '';
  #dialog: DialogState = noDialog;

  constructor(
    invitation: Invitation,
    {
      legId,
      edge,
      send,
      events,
    }: { legId: LegId; edge?: InstanceId | undefined; send: SendRequest; events: UacLegEvents },
  ) {
    this.legId = legId;
    this.edge = edge;
    this.#callId = invitation.callId;
    this.#send = send;
    this.#setUp = events;
    this.#events = events;
    this.#machine = new Machine(uacLegTable, 'calling', UacLeg.#actions, this);
    const { uri, nextHop, headers, sdp, callId, offersEarly = false } = invitation;
    const isReliable = sdp !== undefined || offersEarly;
    this.#isOfferless = sdp === undefined;
    this.#sent = send(
      {
        method: 'INVITE',
        uri,
        nextHop,
        body: sdp,
        headers: {
          ...headers,
          'Call-ID': callId,
          ...(sdp === undefined ? {} : { 'Content-Type': 'application/sdp' }),
          // Without an offer of ours a reliable response brings one, to be answered before anything else.
          ...(isReliable ? { Supported: `${RELIABLE}, ${abilities.Supported}` } : {}),
        },
      },
      {
        sent: (sent) => (this.#invite = sent),
        responded: (response) => {
          this.#tellReached(uri, response);
          this.#receiveResponse(response);
        },
        failed: () => this.#machine.feed('lost', {}),
      },
    );
  }

  get identity(): DialogIdentity {
    return { callId: this.#callId, remoteTag: this.#remoteTag };
  }

  get dialog(): DialogState {
    return this.#dialog;
  }

  /** The call is answered: what is seen in the dialog is for `events` from now on, and nothing else is told any more. */
  settle(events: DialogEvents): void {
    this.#setUp = undefined;
    this.#events = events;
  }

  get state(): UacState {
    return this.#machine.state;
  }

  /** What the device described its session by, in this 2xx or reliably before it. RFC 3262 §5 */
  descriptionIn(response: IncomingResponse): string | undefined {
    return this.#reliable.descriptionIn(response);
  }

  /** Whether the device waits for the answer to an offer that it has made before its answer. */
  get hasEarlyOffer(): boolean {
    return this.#reliable.isOfferOpen;
  }

  /** Answers that offer. */
  answerEarly(sdp: string): void {
    this.#reliable.answer(sdp);
    this.#isAnsweredEarly = true;
  }

  /** Gives up before the answer; after it, hangs up. */
  cancel(headers?: HeaderValues): void {
    this.#machine.feed('cancel', { headers });
  }

  hangUp(headers?: HeaderValues): void {
    this.#machine.feed('hangUp', { headers });
  }

  drop(): void {
    this.#machine.feed('drop', {});
  }

  /** Acknowledges the 2xx that brought the device's offer, with the answer if there is one; once. */
  acknowledge(answer?: { readonly type: string; readonly content: string }): void {
    this.#unacknowledged?.acknowledge(answer);
    this.#unacknowledged = undefined;
  }

  async receive(request: IncomingRequest): Promise<void> {
    if (request.method === 'ACK') {
      this.#events.acknowledged(request.body);
      return;
    }
    if (request.method !== 'BYE') {
      await this.#events.request(request);
      return;
    }
    if (request.isFromEngine) {
      this.#machine.feed('lost', {});
      return;
    }
    await request.reply({ status: 200 });
    this.#machine.feed('bye', { request });
  }

  refreshTarget(message: TargetRefresh): void {
    this.#dialog = refreshed(this.#dialog, message);
  }

  request(request: InDialog, events: OutgoingEvents): SentRequest {
    return this.state === 'terminated' ? unsent(events) : this.#request(request, events);
  }

  #request(request: InDialog, events: OutgoingEvents): SentRequest {
    const noting = notingCseq(events, (localCseq) => (this.#dialog = { ...this.#dialog, localCseq }));
    return this.#send({ ...request, uri: 'sip:placeholder', dialogId: this.#dialogId }, noting);
  }

  get #dialogId(): string {
    return engineDialogId(this.#callId, this.legId);
  }

  /** Another engine could cancel it from now on. */
  #tellReached(uri: string, response: IncomingResponse): void {
    const invite = this.#invite;
    this.#invite = undefined;
    if (invite === undefined || this.edge !== undefined || response.status >= 200) return;
    const reached = sentInvite(invite, uri, response);
    if (reached !== undefined) this.#setUp?.reached?.(reached);
  }

  #receiveResponse(response: IncomingResponse): void {
    if (response.status < 200) {
      if (this.#reliable.take(response, this.#isOfferless)) this.#machine.feed('progress', { response });
      return;
    }
    this.#sent = undefined;
    if (response.status >= 300) {
      this.#machine.feed('failure', { response });
      return;
    }
    this.#remoteTag = copyText(tagOf(response, 'to') ?? '');
    this.#dialog = answeredDialog(response);
    this.#machine.feed('answer', { response });
  }

  static readonly #actions: Readonly<Record<UacAction, (detail: Detail, leg: UacLeg) => void>> = {
    sendCancel: ({ headers }, leg) => leg.#sent?.cancel(headers),
    sendAck: ({ response }, leg) => {
      leg.#unacknowledged = response;
      if (!leg.#isOfferless || leg.#isAnsweredEarly) leg.acknowledge();
      leg.#setUp?.established();
    },
    sendBye: ({ headers }, leg) => {
      // RFC 3261 §15: no BYE before the ACK.
      leg.acknowledge();
      sendBye(leg, leg.#send, leg.#dialogId, headers);
    },
    tellProgress: ({ response }, leg) => {
      if (response !== undefined) leg.#setUp?.progress(response);
    },
    tellAnswer: ({ response }, leg) => {
      if (response !== undefined) leg.#setUp?.answered(response);
    },
    tellFailure: ({ response }, leg) => {
      if (response !== undefined) leg.#setUp?.failed(response);
    },
    tellBye: ({ request }, leg) => {
      // Or he would repeat his 2xx until it comes, RFC 3261 §13.3.1.4.
      leg.acknowledge();
      if (request !== undefined) leg.#events.bye(request);
    },
    tellLost: (_detail, leg) => {
      leg.acknowledge();
      leg.#events.lost();
    },
    dispose: (_detail, leg) => leg.#events.disposed(),
  };
}

const noDialog: DialogState = {
  localUri: '',
  remoteUri: '',
  remoteTarget: '',
  nextHop: undefined,
  routeSet: [],
  localCseq: 0,
  remoteCseq: 0,
};
