import { type Clock } from '@callweave/clock';
import { type Flow } from '../transport/transport.ts';
import { type Hop } from './target.ts';

/** How long an address that failed is tried after all others. */
const REST_SEC = 30;

/** An address that wants to be left alone longer is asked again nevertheless. */
const MAX_REST_SEC = 300;

/** More addresses that fail at once are an attack, or our own network. */
const MAX_RESTING = 1_000;

/** The addresses of one destination, to be tried one after the other until one does not fail. RFC 3263 §4.3. */
export class Ways {
  readonly #left: Hop[];
  readonly #flowTo: (hop: Hop) => Flow | undefined;
  readonly #resting: RestingHops;
  #current: Hop | undefined;

  constructor(hops: readonly Hop[], flowTo: (hop: Hop) => Flow | undefined, resting: RestingHops) {
    this.#left = resting.last(hops);
    this.#flowTo = flowTo;
    this.#resting = resting;
  }

  /** Whether another address may be tried. */
  get hasMore(): boolean {
    return this.#left.length > 0;
  }

  /** The way to the next address; undefined when there is none. */
  next(): Flow | undefined {
    for (let hop = this.#left.shift(); hop !== undefined; hop = this.#left.shift()) {
      const flow = this.#flowTo(hop);
      if (flow === undefined) continue;
      this.#current = hop;
      return flow;
    }
    return undefined;
  }

  /** The address of the last `next` did not answer, or wants to be left alone for a while. */
  failed(restSec = REST_SEC): void {
    if (this.#current !== undefined) this.#resting.add(this.#current, Math.min(restSec, MAX_REST_SEC));
  }
}

/** Addresses that failed lately, so that not every request has to find out by itself. */
export class RestingHops {
  readonly #clock: Clock;
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(hop: Hop, restSec: number): void {
    this.#untilMs.set(keyOf(hop), this.#clock.monotonicMs() + restSec * 1_000);
    if (this.#untilMs.size <= MAX_RESTING) return;
    const [oldest = ''] = this.#untilMs.keys();
    this.#untilMs.delete(oldest);
  }

  /** The same addresses, with those that failed lately behind the others. */
  last(hops: readonly Hop[]): Hop[] {
    const rested = hops.map((hop) => !this.#isResting(hop));
    return [...hops.filter((_, index) => rested[index]), ...hops.filter((_, index) => rested[index] === false)];
  }

  #isResting(hop: Hop): boolean {
    const key = keyOf(hop);
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonicMs()) return true;
    this.#untilMs.delete(key);
    return false;
  }
}

function keyOf({ protocol, host, port }: Hop): string {
  return `${protocol} ${host} ${port}`;
}
