import { RefusedError } from '../../errors.ts';
import { type NextHops } from '../../locate/next-hop.ts';
import { type App } from '../app.ts';
import { type Core } from '../context.ts';
import { type UasRequest } from '../uas-request.ts';
import { breadthOf } from './breadth.ts';
import { branchesOf, popOwnRoutes } from './forward-request.ts';
import { MAX_TARGETS, ProxiedRequest } from './proxied-request.ts';
import { type Signer } from './signer.ts';
import { loopMark } from './via.ts';
import { type ProxyReport, type ProxyWish } from './wish.ts';

/** Where requests that are to be proxied come from. */
export interface ProxiedRequests {
  /** A request that `app` has not answered; from now on its responses are not the application's. */
  takeOver(txn: string, app: App | undefined): UasRequest | undefined;
}

/** Forwards requests for applications, statefully. RFC 3261 §16. */
export class Proxy {
  readonly #core: Core;
  readonly #requests: ProxiedRequests;
  readonly #hops: NextHops;
  readonly #signer: Signer;
  #pending = 0;

  constructor(core: Core, requests: ProxiedRequests, hops: NextHops, signer: Signer) {
    this.#core = core;
    this.#requests = requests;
    this.#hops = hops;
    this.#signer = signer;
  }

  /** Requests whose final response is still to come. */
  get pending(): number {
    return this.#pending;
  }

  /** Sends a request on; throws `RefusedError` when that cannot be, and the caller has its answer then. */
  begin(app: App | undefined, wish: ProxyWish, report: ProxyReport): void {
    const request = this.#requests.takeOver(wish.txn, app);
    const inbound = request?.inbound;
    if (request === undefined || inbound === undefined) throw new RefusedError(`Unknown transaction id: ${wish.txn}`);
    const { message } = inbound;
    popOwnRoutes(this.#core.listeners, message);
    if (message.number('max-forwards') === 0) {
      request.respond(483);
      throw new RefusedError('Rejected with 483 Too Many Hops due to Max-Forwards value of 0');
    }
    const breadth = this.#core.quirks.ignoresBreadth ? undefined : breadthOf(message);
    if (breadth !== undefined && breadth < (wish.isSimultaneous ? Math.min(wish.targets.length, MAX_TARGETS) : 1)) {
      // Asked one after the other they would not all ring, as the application wants.
      request.respond(440);
      throw new RefusedError('Rejected with 440 Max-Breadth Exceeded');
    }
    // RFC 3261 §16.3: it has been here, and nothing has changed since.
    const mark = `.${loopMark(this.#signer, message)}`;
    if (branchesOf(message).some((branch) => branch.endsWith(mark))) {
      request.respond(482, '', 'Loop Detected');
      throw new RefusedError('Rejected with 482 Loop Detected');
    }
    this.#pending++;
    const onEnd = (): void => {
      this.#pending--;
    };
    const proxied = new ProxiedRequest({
      ...{ core: this.#core, hops: this.#hops, signer: this.#signer, request, inbound, wish, report, breadth, onEnd },
    });
    request.proxy = proxied;
    // Whoever does not want to hear of the responses is done at once.
    if (!wish.tellsResponses) report.done();
    proxied.begin();
  }
}
