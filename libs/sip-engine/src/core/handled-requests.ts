import { RefusedError } from '../errors.ts';
import { type App } from './app.ts';
import { type Core } from './context.ts';
import { type ProxyReport, type ProxyWish } from './proxy/wish.ts';
import { type UasRequest } from './uas-request.ts';

/** Where a request goes, as its handler says. */
export type Route =
  /** `isOwn`: it was connected to for this request alone. */
  | { readonly kind: 'app'; readonly app: App; readonly isOwn: boolean }
  | { readonly kind: 'reject'; readonly status: number; readonly reason?: string }
  | { readonly kind: 'redirect'; readonly contacts: readonly string[] }
  | { readonly kind: 'proxy'; readonly wish: Omit<ProxyWish, 'txn'> };

/** Who has the requests. */
export interface UnroutedRequests {
  /** Gives a request to an application; false when it is over. */
  give(request: UasRequest, app: App): boolean;
  /** Answers a request that is not over. */
  end(request: UasRequest, status: number, reason?: string, lines?: string): void;
}

/** Who forwards requests. */
export interface RequestProxy {
  begin(app: App | undefined, wish: ProxyWish, report: ProxyReport): void;
}

/** Does with requests what their handlers say. */
export class HandledRequests {
  readonly #core: Pick<Core, 'log'>;
  readonly #requests: UnroutedRequests;
  readonly #proxy: RequestProxy;

  constructor(core: Pick<Core, 'log'>, requests: UnroutedRequests, proxy: RequestProxy) {
    this.#core = core;
    this.#requests = requests;
    this.#proxy = proxy;
  }

  /** Waits for the handler's word. */
  handle(request: UasRequest, route: Promise<Route>): void {
    void route
      .then((known) => this.#follow(request, known))
      .catch((error: unknown) => {
        this.#core.log.error('handler.failed', { err: error });
        this.#requests.end(request, 500);
      });
  }

  #follow(request: UasRequest, route: Route): void {
    switch (route.kind) {
      case 'app':
        // The caller may have given up meanwhile.
        if (!this.#requests.give(request, route.app) && route.isOwn) route.app.close();
        return;
      case 'reject':
        this.#requests.end(request, route.status, route.reason);
        return;
      case 'redirect':
        this.#requests.end(request, 302, 'Moved', route.contacts.map((uri) => `Contact: <${uri}>\r\n`).join(''));
        return;
      case 'proxy':
        this.#forward(request, route.wish);
    }
  }

  #forward(request: UasRequest, wish: Omit<ProxyWish, 'txn'>): void {
    try {
      this.#proxy.begin(undefined, { ...wish, txn: request.txn }, silent);
    } catch (error) {
      // The caller has given up, or has been refused.
      if (!(error instanceof RefusedError)) throw error;
      this.#core.log.info('proxy.refused', { reason: error.message });
    }
  }
}

const silent: ProxyReport = { response: () => undefined, done: () => undefined };
