import { type Clock, sleep } from '@callweave/clock';
import { type HeaderValues, type IncomingResponse, type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { type Logger } from '@callweave/telemetry';
import { type SendRequest, type SendThrough } from '../leg/leg.ts';
import { type Way } from './whereabouts.ts';

export interface FollowDeps {
  /** Where the device is registered now; undefined when it is not. */
  readonly find: () => Promise<Way | undefined>;
  /** Where it was when that was last known. */
  readonly last: SendRequest;
  readonly sendThrough: SendThrough;
  readonly clock: Clock;
  readonly log: Logger;
}

const AGAIN_MS = 1_000;
/** Whoever asks waits as long as this for a device that is about to come back: a page does so in a moment. */
const PATIENCE_MS = 8_000;
/** Nobody waits for what a BYE brings: it is tried for as long as its transaction may last, RFC 3261 §17.1.2.2. */
const BYE_PATIENCE_MS = 32_000;

/**
 * Sends to a device that only a connection of its own leads to: by the one it is registered with now, and if that is
 * gone as well, by the next, as soon as there is one.
 */
export function follow(deps: FollowDeps): SendRequest {
  return (request, events) => {
    const following = new Following(request, events, deps);
    following.run().catch(events.failed);
    return following;
  };
}

class Following {
  readonly #request: OutgoingRequest;
  readonly #events: OutgoingEvents;
  readonly #deps: FollowDeps;
  readonly #endMs: number;
  /** Cancels what was sent last. */
  #cancelSent: ((headers: HeaderValues | undefined) => void) | undefined;
  #cancelled: { readonly headers: HeaderValues | undefined } | undefined;
  #isOver = false;

  constructor(request: OutgoingRequest, events: OutgoingEvents, deps: FollowDeps) {
    this.#request = request;
    this.#events = events;
    this.#deps = deps;
    this.#endMs = deps.clock.monotonicMs() + (request.method === 'BYE' ? BYE_PATIENCE_MS : PATIENCE_MS);
  }

  cancel(headers?: HeaderValues): void {
    this.#cancelled = { headers };
    this.#cancelSent?.(headers);
  }

  async run(): Promise<void> {
    let tried: Way | undefined;
    let isUnderWay = false;
    const unreached = (tell: () => void): void => {
      tried = undefined;
      isUnderWay = false;
      if (!this.#hasTime) tell();
    };
    while (!this.#isOver) {
      const way = await this.#deps.find();
      if (!this.#hasTime) {
        const { method, uri } = this.#request;
        const isWanted = this.#cancelled === undefined && !isUnderWay;
        if (isWanted && way === undefined) this.#deps.log.warn('device.not-found', { method, uri });
        // Whatever comes of it is what becomes of the request.
        if (!isUnderWay) this.#send(way, (tell) => tell());
        return;
      }
      // A BYE may have gone to an edge that is gone: it does no harm to send it twice.
      const isElsewhere = way !== undefined && tried?.nextHop !== way.nextHop;
      if (isElsewhere && (!isUnderWay || this.#request.method === 'BYE')) {
        tried = way;
        isUnderWay = true;
        this.#send(way, unreached);
      }
      await sleep(this.#deps.clock, AGAIN_MS);
    }
  }

  get #hasTime(): boolean {
    return this.#cancelled === undefined && this.#deps.clock.monotonicMs() < this.#endMs;
  }

  /** `unreached` is called when nobody was, with what tells so. */
  #send(way: Way | undefined, unreached: (tell: () => void) => void): void {
    const { last, sendThrough } = this.#deps;
    const [send, request] =
      way === undefined ? [last, this.#request] : [sendThrough(way.edge), { ...this.#request, nextHop: way.nextHop }];
    const { responded, failed, ...others } = this.#events;
    const end = (tell: () => void): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      tell();
    };
    const sent = send(request, {
      ...others,
      responded: (response) => {
        if (isOfEngine(response)) unreached(() => end(() => responded(response)));
        else if (response.status < 200) responded(response);
        else end(() => responded(response));
      },
      failed: (error) => unreached(() => end(() => failed(error))),
    });
    this.#cancelSent = (headers) => sent.cancel(headers);
    if (this.#cancelled !== undefined) sent.cancel(this.#cancelled.headers);
  }
}

/** Whether an engine says so because nobody was reached. */
function isOfEngine({ status, source }: IncomingResponse): boolean {
  return source === '' && (status === 503 || status === 408);
}
