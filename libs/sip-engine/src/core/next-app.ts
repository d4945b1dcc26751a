import { type Clock, type Timer } from '@callweave/clock';
import { type Apps } from './app.ts';
import { type Route } from './handled-requests.ts';
import { RETRY_AFTER_SEC } from './refuse-request.ts';

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
  readonly method: string;
  readonly go: (route: Route) => void;
}

const nobodyCame: Route = { kind: 'reject', status: 503, lines: `Retry-After: ${RETRY_AFTER_SEC}\r\n` };

/** Requests that wait for the application that comes in place of one that has gone. */
export class NextApp {
  readonly #deps: NextAppDeps;
  readonly #waiting = new Set<Waiting>();
  #grace: Timer | undefined;

  constructor(deps: NextAppDeps) {
    this.#deps = deps;
    this.gone();
  }

  /** Where a request goes that nobody takes now; undefined when nobody is waited for. */
  routeOf(method: string): Promise<Route> | undefined {
    if (this.#grace === undefined || this.#waiting.size >= this.#deps.maxWaiting) return undefined;
    return new Promise((go) => this.#waiting.add({ method, go }));
  }

  /** An application has gone. */
  gone(): void {
    const { clock, graceMs } = this.#deps;
    if (graceMs === 0) return;
    this.#grace?.cancel();
    this.#grace = clock.after(graceMs, () => this.stop());
  }

  /** An application takes further requests. */
  came(): void {
    for (const waiting of this.#waiting) {
      const app = this.#deps.apps.pick(waiting.method);
      if (app !== undefined) this.#end(waiting, { kind: 'app', app, isOwn: false });
    }
  }

  /** Nobody is waited for any longer. */
  stop(): void {
    this.#grace?.cancel();
    this.#grace = undefined;
    for (const waiting of this.#waiting) this.#end(waiting, nobodyCame);
  }

  #end(waiting: Waiting, route: Route): void {
    this.#waiting.delete(waiting);
    waiting.go(route);
  }
}
