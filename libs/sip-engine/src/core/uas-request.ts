import { type Headers, serializeParts, type SipRequest } from '@callweave/sip';
import { type InviteServer } from '../transaction/invite-server.ts';
import { mergeKey } from '../transaction/match.ts';
import { type ServerTransaction, type ServerUser } from '../transaction/server.ts';
import { giveUpMs, tryingMs } from '../transaction/timers.ts';
import { WheelTimer, type WheelUser } from '../transaction/wheel.ts';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type CallRecord } from './call-records.ts';
import { type Core } from './context.ts';
import { type AckWaiter, type Dialog } from './dialog.ts';
import { type Quirks, reasonFor } from './quirks.ts';
import { fallbackFlow, responseFlow } from './received-via.ts';
import { ReliableResponses } from './reliable-responses.ts';
import { splitAddresses } from './routes.ts';
import { type SessionChange } from './session-changes.ts';

/** What a request tells the side that took it. */
export interface UasRequestUser {
  /** Nobody answered it in time. */
  onSilence(request: UasRequest): void;
  /** Our 2xx was never acknowledged. */
  onNoAck(request: UasRequest): void;
  /** A reliable provisional response was never acknowledged. */
  onNoPrack(request: UasRequest): void;
}

type TimerName = 'silence' | 'repeat2xx' | 'noAck';

/** The headers a response repeats, written once; the request itself is let go with the final response. */
interface ResponseBase {
  readonly via: string;
  readonly recordRoute: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: string;
}

/** One request from the network while an application deals with it. */
export class UasRequest implements ServerUser, WheelUser<TimerName>, AckWaiter {
  readonly txn: string;
  /** What applications call it, if that is something else. */
  shownTxn: string | undefined;
  readonly method: string;
  readonly cseq: number;
  /** What copies of it that come another way share; undefined within a dialog. */
  readonly copyKey: string | undefined;
  /** Undefined once the final response is out. */
  inbound: Inbound<SipRequest> | undefined;
  app: App | undefined;
  dialog: Dialog | undefined;
  /** What is told of the call that it asks for. */
  record: CallRecord | undefined;
  /** The dialog's name, also before there is a dialog. */
  dialogId: string;
  transaction: ServerTransaction | undefined;
  localTag: string | undefined;
  /** What it may do to the session of its dialog. */
  change: SessionChange | undefined;
  lastStatus = 0;
  /** Whoever proxies it; its responses are not ours then. */
  proxy: { cancelled(): void } | undefined;
  #reliable: ReliableResponses | undefined;
  /** It was shown as outside the dialog it belongs to, so that no answer of an application fits. */
  isMisplaced = false;
  /** The application that was to answer it has gone without a word about it. */
  isLeftOver = false;
  readonly #core: Core;
  readonly #user: UasRequestUser;
  readonly #base: ResponseBase;
  readonly #hasToTag: boolean;
  readonly #sentByPort: number | undefined;
  readonly #silence: WheelTimer<TimerName> = new WheelTimer<TimerName>(this, 'silence');
  #flow: Flow;
  /** A 100 is to be sent when no answer comes in time. */
  #triesLate: boolean;
  #isHandedOver = false;
  #repeat: WheelTimer<TimerName> | undefined;
  #noAck: WheelTimer<TimerName> | undefined;
  /** Whether it counts among what its application has not begun to answer. */
  #isCounted = false;
  #interval: number;

  constructor(core: Core, user: UasRequestUser, inbound: Inbound<SipRequest>, dialogId: string) {
    this.#core = core;
    this.#user = user;
    this.txn = core.ids.uuid();
    this.inbound = inbound;
    this.dialogId = dialogId;
    const request = inbound.message;
    this.method = request.method;
    this.cseq = request.cseq.number;
    this.#hasToTag = request.toTag !== undefined;
    this.copyKey = this.#hasToTag ? undefined : mergeKey(request);
    this.#sentByPort = request.via.port;
    this.#flow = responseFlow(request, inbound.flow);
    this.#base = baseOf(request, core.quirks);
    this.#interval = core.timers.t1;
    this.#triesLate = request.method !== 'INVITE' && !core.quirks.keepsSilent;
    core.wheel.start(this.#silence, this.#triesLate ? tryingMs(core.timers) : this.#patienceMs);
  }

  get flow(): Flow {
    return this.#flow;
  }

  /**
   * How long its application may say nothing. One that calls somebody else is told after 64*T1 that nobody answers,
   * RFC 3261 §17.1.1.2, and has still to tell the caller, who has a 100 and waits.
   */
  get #patienceMs(): number {
    return (this.method === 'INVITE' ? 2 : 1) * giveUpMs(this.#core.timers);
  }

  get isAnswered(): boolean {
    return this.lastStatus > 100;
  }

  get isFinal(): boolean {
    return this.lastStatus >= 200;
  }

  /** From now on this application is to answer it. */
  giveTo(app: App): void {
    this.#settle();
    this.app = app;
    app.unanswered++;
    this.#isCounted = true;
  }

  /** Sends a response made by the engine itself. */
  respond(status: number, lines = '', reason = reasonFor(status, this.#core.quirks)): Buffer {
    const bytes = this.respondWith(status, reason, lines, Buffer.alloc(0));
    if (this.proxy !== undefined) this.record?.answered('application', status, 'proxy-uas', () => bytes);
    return bytes;
  }

  /** Somebody else answers it, and takes as long as it takes. */
  handOver(): void {
    this.#settle();
    this.#isHandedOver = true;
    if (!this.#triesLate) this.#core.wheel.stop(this.#silence);
  }

  /** Its application has gone, and it is kept only as long as whoever asks may repeat himself. */
  leave(): void {
    this.#settle();
    this.#core.wheel.stop(this.#silence);
    this.#core.wheel.start(this.#silence, this.#patienceMs);
  }

  /** Nobody will answer it. */
  abandon(): void {
    this.#core.wheel.stop(this.#silence);
    this.transaction?.abandoned();
  }

  /** Provisional responses that are repeated until their PRACK comes. */
  get reliable(): ReliableResponses {
    return (this.#reliable ??= new ReliableResponses(this.#core, this, this.cseq));
  }

  /** Sends a response; `lines` are header lines after those that come from the request. With an RSeq, reliably. */
  respondWith(status: number, reason: string, lines: string, body: Buffer, rseq?: number): Buffer {
    this.#answered(status);
    const { via, recordRoute, from, callId, cseq } = this.#base;
    const isForRoutes = (status > 100 || this.#core.quirks.recordsRoutesEarly) && status < 300;
    const routes = isForRoutes ? recordRoute : '';
    const length = `Content-Length: ${body.length}\r\n`;
    const head = `${via}${routes}${from}${this.#to(status)}${callId}${cseq}${lines}${length}`;
    const bytes = serializeParts(`SIP/2.0 ${status} ${reason}`, head, body);
    if (rseq !== undefined) this.reliable.provisional({ rseq, status, bytes, hasSession: body.length > 0 });
    else if (status >= 200 && this.#reliable !== undefined) this.#reliable.final(status, bytes);
    else this.transmit(status, bytes);
    if (status >= 200) this.inbound = undefined;
    return bytes;
  }

  /** Sends a response that somebody else made. */
  forward(status: number, bytes: Buffer): void {
    this.#answered(status);
    this.transaction?.respond(status, bytes);
    this.record?.answered('application', status, 'proxy-uas', () => bytes);
  }

  transmit(status: number, bytes: Buffer): void {
    this.transaction?.respond(status, bytes);
    if (this.method === 'INVITE' && status >= 200 && status < 300) this.#awaitAck();
  }

  send(bytes: Buffer): boolean {
    if (!this.#flow.isOpen && this.#flow.reliable) this.#flow = fallbackFlow(this.#flow, this.#sentByPort);
    return this.#flow.send(bytes);
  }

  acknowledged(): boolean {
    if (this.#noAck === undefined) return false;
    this.#stopRepeating();
    return true;
  }

  onNoAck(): void {
    this.#core.log.debug('ack.missing', { callId: this.#base.callId.trim() });
  }

  onNoPrack(): void {
    this.#user.onNoPrack(this);
  }

  onTransportError(): void {
    this.#core.log.debug('response.undeliverable', { callId: this.#base.callId.trim() });
  }

  onTimer(name: TimerName): void {
    if (name === 'silence') this.#onSilence();
    else if (name === 'repeat2xx') this.#repeat2xx();
    else {
      this.#stopRepeating();
      this.#user.onNoAck(this);
    }
  }

  /** RFC 4320 §4.1: who asks slows down, but only when he has slowed down already. */
  #onSilence(): void {
    if (!this.#triesLate) {
      this.#user.onSilence(this);
      return;
    }
    this.#triesLate = false;
    const { wheel, timers } = this.#core;
    if (!this.#isHandedOver) wheel.start(this.#silence, this.#patienceMs - tryingMs(timers));
    if (this.lastStatus === 0) this.respond(100);
  }

  #to(status: number): string {
    if (this.#hasToTag || status === 100) return `${this.#base.to}\r\n`;
    this.localTag ??= this.#core.ids.tag();
    return `${this.#base.to};tag=${this.localTag}\r\n`;
  }

  #answered(status: number): void {
    this.lastStatus = status;
    if (status > 100) this.#settle();
    // A call may ring for as long as it likes; anything else is to be answered.
    if (status >= 200 || (status > 100 && this.method === 'INVITE')) this.#core.wheel.stop(this.#silence);
  }

  #settle(): void {
    if (this.#isCounted && this.app !== undefined) this.app.unanswered--;
    this.#isCounted = false;
  }

  /** A 2xx to INVITE is repeated end to end until its ACK comes, RFC 3261 §13.3.1.4. */
  #awaitAck(): void {
    this.#noAck = new WheelTimer<TimerName>(this, 'noAck');
    this.#core.wheel.start(this.#noAck, giveUpMs(this.#core.timers));
    if (this.#flow.reliable) return;
    this.#repeat = new WheelTimer<TimerName>(this, 'repeat2xx');
    this.#core.wheel.start(this.#repeat, this.#interval);
  }

  #repeat2xx(): void {
    const transaction = this.transaction as InviteServer | undefined;
    transaction?.repeatResponse();
    this.#interval = Math.min(2 * this.#interval, this.#core.timers.t2);
    if (this.#repeat !== undefined) this.#core.wheel.start(this.#repeat, this.#interval);
  }

  #stopRepeating(): void {
    if (this.#repeat !== undefined) this.#core.wheel.stop(this.#repeat);
    if (this.#noAck !== undefined) this.#core.wheel.stop(this.#noAck);
    this.#repeat = this.#noAck = undefined;
  }
}

function baseOf(request: SipRequest, { splitsRecordRoutes }: Quirks): ResponseBase {
  const linesOf = (name: string, values: readonly string[]): string =>
    values.map((value) => `${name}: ${value}\r\n`).join('');
  const lines = (name: string, key: string): string => linesOf(name, request.headers.all(key));
  const routes = makesDialog(request.method) ? request.headers.all('record-route') : [];
  return {
    via: lines('Via', 'via'),
    recordRoute: linesOf('Record-Route', splitsRecordRoutes ? routes.flatMap(splitAddresses) : routes),
    from: lines('From', 'from'),
    to: `To: ${request.required('to')}`,
    callId: lines('Call-ID', 'call-id'),
    cseq: lines('CSeq', 'cseq'),
  };
}

/** Methods whose responses make a dialog, RFC 3261 §12, RFC 6665 §4.4.1, RFC 3515 §2.4.4. */
export function makesDialog(method: string): boolean {
  return method === 'INVITE' || method === 'SUBSCRIBE' || method === 'REFER';
}

/** A copy of the request's bytes as an application is to see them: no folds, a Content-Length. */
export function textForApp(request: SipRequest): Buffer {
  const headers: Headers = request.headers;
  if (!headers.has('content-length')) headers.append('Content-Length', String(request.body.length));
  return serializeParts(`${request.method} ${request.uri} SIP/2.0`, headers.toText(), request.body);
}
