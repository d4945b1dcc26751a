import { Machine } from './machine.ts';
import { type Action, type Input, nonInviteServerTable, type State } from './non-invite-server.table.ts';
import { type ServerParts, type ServerTransaction } from './server.ts';
import { giveUpMs } from './timers.ts';

type TimerName = 'timerJ' | 'transportError';

/** Every request but INVITE and ACK, from arrival until no copy of it can come any more. RFC 3261 §17.2.2. */
export class NonInviteServer extends Machine<TimerName> implements ServerTransaction {
  readonly key: string;
  readonly #parts: ServerParts;
  #state: State = 'trying';
  #last: Buffer | undefined;

  constructor(parts: ServerParts) {
    super(parts.wheel);
    this.#parts = parts;
    this.key = parts.key;
  }

  repeated(): void {
    this.#feed('request');
  }

  respond(status: number, bytes: Buffer): void {
    if (this.#state !== 'completed') this.#last = bytes;
    this.#feed(status < 200 ? '1xx' : 'final');
  }

  abandoned(): void {
    this.#feed('abandoned');
  }

  onTimer(name: TimerName): void {
    this.#feed(name);
  }

  /** The only place this transaction changes state. */
  #feed(input: Input): void {
    const edge = nonInviteServerTable[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions] = edge;
    this.#state = next;
    for (const action of actions) NonInviteServer.#actions[action](this);
    if (next === 'terminated') this.#dispose();
  }

  static readonly #actions: Readonly<Record<Action, (tx: NonInviteServer) => void>> = {
    send: (tx) => tx.#send(),
    resend: (tx) => tx.#send(),
    startJ: (tx) => tx.start('timerJ', tx.#parts.reliable ? 0 : giveUpMs(tx.#parts.timers)),
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
