import { type SipResponse } from '@callweave/sip';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type ClientParts, type ClientTransaction } from './client.ts';
import { type Action, type Input, inviteClientTable, type State } from './invite-client.table.ts';
import { Machine } from './machine.ts';
import { giveUpMs, timerDMs } from './timers.ts';

type TimerName = 'timerA' | 'timerB' | 'timerD' | 'timerM' | 'timerX' | 'transportError';

export interface InviteClientParts extends ClientParts {
  /** The ACK of a failure, RFC 3261 §17.1.1.3; that of a 2xx is the user's business. */
  readonly ackFor: (response: SipResponse) => Buffer;
}

/** An INVITE from first copy to final response, and the ACK when that is a failure. RFC 3261 §17.1.1, RFC 6026. */
export class InviteClient extends Machine<TimerName> implements ClientTransaction {
  readonly key: string;
  readonly flow: Flow;
  readonly #parts: InviteClientParts;
  #state: State = 'calling';
  #intervalA: number;
  #inbound: Inbound<SipResponse> | undefined;
  #ack: Buffer | undefined;

  constructor(parts: InviteClientParts) {
    super(parts.wheel);
    this.#parts = parts;
    this.key = parts.key;
    this.flow = parts.flow;
    this.#intervalA = parts.timers.t1;
  }

  begin(): void {
    this.#send(this.#parts.bytes);
    this.start('timerB', giveUpMs(this.#parts.timers));
    if (!this.flow.reliable) this.start('timerA', this.#intervalA);
  }

  receive(inbound: Inbound<SipResponse>): void {
    const { status } = inbound.message;
    this.#inbound = inbound;
    this.#feed(status < 200 ? '1xx' : status < 300 ? '2xx' : 'failure');
    this.#inbound = undefined;
  }

  /** A CANCEL for it was sent: from now on a final response is only waited for so long. */
  cancelled(): void {
    this.#feed('cancelled');
  }

  transportError(): void {
    this.#feed('transportError');
  }

  onTimer(name: TimerName): void {
    this.#feed(name);
  }

  /** The only place this transaction changes state. */
  #feed(input: Input): void {
    const edge = inviteClientTable[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions] = edge;
    this.#state = next;
    for (const action of actions) InviteClient.#actions[action](this);
    if (next === 'terminated') this.#dispose();
  }

  static readonly #actions: Readonly<Record<Action, (tx: InviteClient) => void>> = {
    send: (tx) => tx.#send(tx.#parts.bytes),
    sendAck: (tx) => tx.#sendAck(),
    doubleA: (tx) => tx.start('timerA', (tx.#intervalA *= 2)),
    stopAB: (tx) => tx.stop('timerA', 'timerB'),
    startD: (tx) => tx.start('timerD', tx.flow.reliable ? 0 : timerDMs(tx.#parts.timers)),
    startM: (tx) => tx.start('timerM', giveUpMs(tx.#parts.timers)),
    startX: (tx) => tx.start('timerX', giveUpMs(tx.#parts.timers)),
    stopX: (tx) => tx.stop('timerX'),
    passUp: (tx) => {
      if (tx.#inbound !== undefined) tx.#parts.user.onResponse(tx.#inbound);
    },
    tellTimeout: (tx) => tx.#parts.user.onFailure('timeout'),
    tellTransport: (tx) => tx.#parts.user.onFailure('transport'),
  };

  #sendAck(): void {
    if (this.#inbound !== undefined) this.#ack ??= this.#parts.ackFor(this.#inbound.message);
    if (this.#ack !== undefined) this.#send(this.#ack);
  }

  /** A failure to send comes back as an input of a later turn. */
  #send(bytes: Buffer): void {
    if (!this.flow.send(bytes)) this.start('transportError', 0);
  }

  #dispose(): void {
    this.stopAll();
    this.#parts.onTerminated(this);
  }
}
