import { type Clock, type Timer } from '@callweave/clock';
import { type Apps } from './app.ts';
import { type UnroutedRequests } from './handled-requests.ts';
import { RETRY_AFTER_SEC } from './refuse-request.ts';
import { type UasRequest } from './uas-request.ts';

/** Requests that do no harm when two applications do what they ask for, one after the other: a text is read twice. */
const REPEATABLE: ReadonlySet<string> = new Set(['INVITE', 'REGISTER', 'OPTIONS', 'SUBSCRIBE', 'BYE', 'UPDATE']);

/** What it works with. */
export interface NextAppDeps {
  readonly apps: Pick<Apps, 'pick'>;
  readonly clock: Clock;
  /** How long after one has gone the next is waited for; 0 for not at all. */
  readonly graceMs: number;
  /** More requests than this do not wait: the application would have them all at once. */
  readonly maxWaiting: number;
}

interface Waiting {
  /** Who has the request. */
  readonly requests: UnroutedRequests;
  /** How long it waits at most, whoever goes meanwhile. */
  readonly timer: Timer;
}

/** Requests that wait for the application that comes in place of one that has gone. */
export class NextApp {
  readonly #deps: NextAppDeps;
  readonly #waiting = new Map<UasRequest, Waiting>();
  #grace: Timer | undefined;
  #isStopped = false;

  constructor(deps: NextAppDeps) {
    this.#deps = deps;
    this.gone();
  }

  /** Whether one is to be expected. */
  get isAwaited(): boolean {
    return this.#grace !== undefined;
  }

  /** Whether one more request may wait for it. */
  get hasRoom(): boolean {
    return this.isAwaited && this.#waiting.size < this.#deps.maxWaiting;
  }

  /** An application has gone. */
  gone(): void {
    const { clock, graceMs } = this.#deps;
    if (graceMs === 0 || this.#isStopped) return;
    this.#grace?.cancel();
    this.#grace = clock.after(graceMs, () => this.#giveUp());
  }

  /** It is given the request as soon as it is there. */
  wait(request: UasRequest, requests: UnroutedRequests): void {
    const { clock, graceMs } = this.#deps;
    const timer = clock.after(graceMs, () => this.#refuse(request));
    this.#waiting.set(request, { requests, timer });
  }

  /**
   * The same with what one that has gone has not begun to answer; once, or a request could kill one after the other. False
   * when it is not to have it.
   */
  inherit(request: UasRequest, requests: UnroutedRequests): boolean {
    if (request.isLeftOver || !REPEATABLE.has(request.method) || !this.hasRoom) return false;
    request.isLeftOver = true;
    request.app = undefined;
    this.wait(request, requests);
    return true;
  }

  /** The request is over. */
  forget(request: UasRequest): void {
    this.#waiting.get(request)?.timer.cancel();
    this.#waiting.delete(request);
  }

  /** An application takes further requests; it is told that it does before it has any. */
  came(): void {
    if (this.#waiting.size > 0) queueMicrotask(() => this.#give());
  }

  /** No one is waited for any more. */
  stop(): void {
    this.#isStopped = true;
    this.#giveUp();
  }

  #give(): void {
    for (const [request, { requests }] of [...this.#waiting]) {
      const app = this.#deps.apps.pick(request.method);
      if (app === undefined) continue;
      this.forget(request);
      requests.give(request, app);
    }
  }

  #giveUp(): void {
    this.#grace?.cancel();
    this.#grace = undefined;
    for (const request of [...this.#waiting.keys()]) this.#refuse(request);
  }

  #refuse(request: UasRequest): void {
    const requests = this.#waiting.get(request)?.requests;
    this.forget(request);
    requests?.end(request, 503, undefined, `Retry-After: ${RETRY_AFTER_SEC}\r\n`);
  }
}
