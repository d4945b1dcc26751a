import { type Clock } from '@callweave/clock';
import { type IdSource } from '@callweave/sip';
import { type Listener } from '../transport/transport.ts';

/** Characters of a probe: shorter than any SIP message, so that it is taken for none. */
const PROBE_LENGTH = 16;

/** How long a probe is waited for; what is not back by then was dropped from a queue that was full. */
const LOST_MS = 200;

/** A probe under way. */
interface Sent {
  readonly text: string;
  readonly atMs: number;
}

/**
 * Measures how long datagrams wait in the queue of one socket, which nothing tells: it sends a few bytes to the socket
 * itself, and they wait with the rest. One probe is under way at a time.
 */
export class QueueProbe {
  readonly #listener: Listener;
  readonly #clock: Clock;
  readonly #ids: IdSource;
  #sent: Sent | undefined;
  #waitedMs = 0;
  /** Whether one has ever come back: where a firewall takes them, their loss says nothing. */
  #works = false;

  constructor(listener: Listener, { clock, ids }: { readonly clock: Clock; readonly ids: IdSource }) {
    this.#listener = listener;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Sends a probe unless one is under way. */
  send(): void {
    const now = this.#clock.monotonicMs();
    if (this.#sent !== undefined) {
      if (now - this.#sent.atMs < LOST_MS) return;
      this.#waitedMs = LOST_MS;
    }
    this.#sent = { text: this.#ids.uuid().slice(0, PROBE_LENGTH), atMs: now };
    this.#listener.probe?.(Buffer.from(this.#sent.text, 'latin1'));
  }

  /** A probe has come back; what is none of ours is nothing. */
  arrived(bytes: Buffer): void {
    if (this.#sent?.text !== bytes.toString('latin1')) return;
    this.#works = true;
    this.#waitedMs = this.#clock.monotonicMs() - this.#sent.atMs;
    this.#sent = undefined;
  }

  /** What the last probe waited, or the age of the one under way where that is more. */
  get delayMs(): number {
    if (!this.#works) return 0;
    const ageMs = this.#sent === undefined ? 0 : this.#clock.monotonicMs() - this.#sent.atMs;
    return Math.max(this.#waitedMs, ageMs);
  }
}
