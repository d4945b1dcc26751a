import { type SipResponse } from '@callweave/sip';
import { type Flow, type Inbound } from '../transport/transport.ts';
import { type ClientParts, type ClientTransaction } from './client.ts';
import { Machine } from './machine.ts';
import { type Action, type Input, nonInviteClientTable, type State } from './non-invite-client.table.ts';
import { giveUpMs } from './timers.ts';

type TimerName = 'timerE' | 'timerF' | 'timerK' | 'transportError';

/** Every request but INVITE and ACK, from first copy to final response. RFC 3261 §17.1.2. */
export class NonInviteClient extends Machine<TimerName> implements ClientTransaction {
  readonly key: string;
  readonly flow: Flow;
  readonly #parts: ClientParts;
  #state: State = 'trying';
  #intervalE: number;
  #inbound: Inbound<SipResponse> | undefined;

  constructor(parts: ClientParts) {
    super(parts.wheel);
    this.#parts = parts;
    this.key = parts.key;
    this.flow = parts.flow;
    this.#intervalE = parts.timers.t1;
  }

  begin(): void {
    this.#send();
    this.start('timerF', giveUpMs(this.#parts.timers));
    if (!this.flow.reliable) this.start('timerE', this.#intervalE);
  }

  receive(inbound: Inbound<SipResponse>): void {
    this.#inbound = inbound;
    this.#feed(inbound.message.status < 200 ? '1xx' : 'final');
    this.#inbound = undefined;
  }

  transportError(): void {
    this.#feed('transportError');
  }

  onTimer(name: TimerName): void {
    this.#feed(name);
  }

  /** The only place this transaction changes state. */
  #feed(input: Input): void {
    const edge = nonInviteClientTable[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions] = edge;
    this.#state = next;
    for (const action of actions) NonInviteClient.#actions[action](this);
    if (next === 'terminated') this.#dispose();
  }

  static readonly #actions: Readonly<Record<Action, (tx: NonInviteClient) => void>> = {
    send: (tx) => tx.#send(),
    doubleE: (tx) => tx.start('timerE', (tx.#intervalE = Math.min(2 * tx.#intervalE, tx.#parts.timers.t2))),
    resetE: (tx) => tx.start('timerE', tx.#parts.timers.t2),
    stopEF: (tx) => tx.stop('timerE', 'timerF'),
    startK: (tx) => tx.start('timerK', tx.flow.reliable ? 0 : tx.#parts.timers.t4),
    passUp: (tx) => {
      if (tx.#inbound !== undefined) tx.#parts.user.onResponse(tx.#inbound);
    },
    tellTimeout: (tx) => tx.#parts.user.onFailure('timeout'),
    tellTransport: (tx) => tx.#parts.user.onFailure('transport'),
  };

  /** A failure to send comes back as an input of a later turn. */
  #send(): void {
    if (!this.flow.send(this.#parts.bytes)) this.start('transportError', 0);
  }

  #dispose(): void {
    this.stopAll();
    this.#parts.onTerminated(this);
  }
}
