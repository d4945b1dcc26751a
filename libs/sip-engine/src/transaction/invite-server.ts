import { type Action, type Input, inviteServerTable, type State } from './invite-server.table.ts';
import { Machine } from './machine.ts';
import { type ServerParts, type ServerTransaction } from './server.ts';
import { giveUpMs } from './timers.ts';

type TimerName = 'timerG' | 'timerH' | 'timerI' | 'timerL' | 'transportError';

/** An INVITE from arrival until no copy or ACK of it can come any more. RFC 3261 §17.2.1, RFC 6026. */
export class InviteServer extends Machine<TimerName> implements ServerTransaction {
  readonly key: string;
  readonly #parts: ServerParts;
  #state: State = 'proceeding';
  #intervalG: number;
  #last: Buffer | undefined;

  constructor(parts: ServerParts) {
    super(parts.wheel);
    this.#parts = parts;
    this.key = parts.key;
    this.#intervalG = parts.timers.t1;
  }

  repeated(): void {
    this.#feed('request');
  }

  /** An ACK for the failure has come; true when it was ours to take. */
  acknowledged(): boolean {
    const isOurs = this.#state === 'completed' || this.#state === 'confirmed';
    this.#feed('ack');
    return isOurs;
  }

  respond(status: number, bytes: Buffer): void {
    if (this.#state === 'proceeding' || this.#state === 'accepted') this.#last = bytes;
    this.#feed(status < 200 ? '1xx' : status < 300 ? '2xx' : 'failure');
  }

  abandoned(): void {
    this.#feed('abandoned');
  }

  /** Sends the last response once more, as the 2xx is until its ACK comes. RFC 3261 §13.3.1.4. */
  repeatResponse(): void {
    this.#feed('request');
  }

  onTimer(name: TimerName): void {
    this.#feed(name);
  }

  /** The only place this transaction changes state. */
  #feed(input: Input): void {
    const edge = inviteServerTable[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions] = edge;
    this.#state = next;
    for (const action of actions) InviteServer.#actions[action](this);
    if (next === 'terminated') this.#dispose();
  }

  static readonly #actions: Readonly<Record<Action, (tx: InviteServer) => void>> = {
    send: (tx) => tx.#send(),
    resend: (tx) => tx.#send(),
    startG: (tx) => {
      if (!tx.#parts.reliable) tx.start('timerG', tx.#intervalG);
    },
    doubleG: (tx) => tx.start('timerG', (tx.#intervalG = Math.min(2 * tx.#intervalG, tx.#parts.timers.t2))),
    startH: (tx) => tx.start('timerH', giveUpMs(tx.#parts.timers)),
    stopGH: (tx) => tx.stop('timerG', 'timerH'),
    startI: (tx) => tx.start('timerI', tx.#parts.reliable ? 0 : tx.#parts.timers.t4),
    startL: (tx) => tx.start('timerL', giveUpMs(tx.#parts.timers)),
    tellNoAck: (tx) => tx.#parts.user.onNoAck(),
    tellTransport: (tx) => tx.#parts.user.onTransportError(),
  };

  #send(): void {
    if (this.#last !== undefined && !this.#parts.user.send(this.#last)) this.start('transportError', 0);
  }

  #dispose(): void {
    this.stopAll();
    this.#parts.onTerminated(this);
  }
}
