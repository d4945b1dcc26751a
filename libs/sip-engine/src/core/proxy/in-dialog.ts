import { createHash } from 'node:crypto';
import { serializeMessage, type SipRequest, type SipResponse, unbracket } from '@callweave/sip';
import { RefusedError } from '../../errors.ts';
import { type NextHops } from '../../locate/next-hop.ts';
import { defaultPort, type Flow, type Inbound, protocols } from '../../transport/transport.ts';
import { type Core } from '../context.ts';
import { noteSource } from '../received-via.ts';
import { reject } from '../reject.ts';
import { isLooseRouter, routeUri, splitAddresses } from '../routes.ts';
import { breadthOf } from './breadth.ts';
import { forwardedBytes, isOwnUri, popOwnRoutes } from './forward-request.ts';
import { type Signer } from './signer.ts';
import { popVia, statelessBranch } from './via.ts';

/**
 * Forwards what belongs to dialogs that were proxied with Record-Route, without keeping anything of them: RFC 3261
 * §16.11. It works after a restart too; only routes that we signed are taken, so that nobody sends through us at will.
 */
export class InDialogForwarder {
  readonly #core: Core;
  readonly #hops: NextHops;
  readonly #signer: Signer;

  constructor(core: Core, hops: NextHops, signer: Signer) {
    this.#core = core;
    this.#hops = hops;
    this.#signer = signer;
  }

  /** Takes a request that names us in its Route; false when it does not. */
  request({ message: request, flow: cameBy }: Inbound<SipRequest>): boolean {
    const ours = request.toTag === undefined ? undefined : this.#ownUriIn(request);
    if (ours === undefined) return false;
    const { quirks } = this.#core;
    if (!this.#isOurs(request, ours)) {
      reject(request, cameBy, { status: 403 }, quirks);
      return true;
    }
    if (request.number('max-forwards') === 0) {
      reject(request, cameBy, { status: 483 }, quirks);
      return true;
    }
    const branch = statelessBranch(this.#signer, request);
    noteSource(request, cameBy, quirks);
    const uri = this.#targetOf(request);
    const [next] = request.addresses('route');
    void this.#flowTo(next?.uri ?? uri, branch).then((flow) => {
      if (flow === undefined) reject(request, cameBy, { status: 404 }, quirks);
      else {
        const { leavesHopsUncounted: leavesHops, ignoresBreadth } = quirks;
        const breadth = ignoresBreadth ? undefined : breadthOf(request);
        const way = { request, cameBy, flow, uri, branch };
        const bytes = forwardedBytes({ ...way, leavesHops, breadth, staysInPath: false, mark: '' });
        flow.send(bytes);
        if (request.method === 'BYE') this.#core.records?.stopped('application', 'normal-release', () => bytes);
      }
    });
    return true;
  }

  /** Where a request names us as a hop: in its first Route, or in the Request-URI when a strict router sent it. */
  #ownUriIn(request: SipRequest): string | undefined {
    const [route] = request.addresses('route');
    const { listeners } = this.#core;
    if (route !== undefined && isOwnUri(listeners, route.uri)) return route.uri;
    const isStrict = route !== undefined && isLooseRouter(request.uri) && isOwnUri(listeners, request.uri);
    return isStrict ? request.uri : undefined;
  }

  /** The Request-URI without us; what a strict router did to it is undone. RFC 3261 §16.4. */
  #targetOf(request: SipRequest): string {
    const { listeners } = this.#core;
    const { uri, headers } = request;
    if (!isLooseRouter(uri) || !isOwnUri(listeners, uri)) {
      popOwnRoutes(listeners, request);
      return uri;
    }
    const routes = splitAddresses(headers.joined('route') ?? '');
    const target = routeUri(routes.pop() ?? uri);
    headers.remove('route');
    for (const route of routes.reverse()) headers.prepend('Route', route);
    popOwnRoutes(listeners, request);
    return target;
  }

  /** Takes a response to a request that was forwarded here, whose first Via is ours; false when it was not. RFC 3261 §16.11. */
  response({ message: response }: Inbound<SipResponse>): boolean {
    const branch = response.via.params.get('branch');
    popVia(response);
    if (!response.headers.has('via') || branch !== statelessBranch(this.#signer, response)) return false;
    this.#backTo(response)?.send(serializeMessage(response));
    return true;
  }

  /** The way to whoever sent the request: what its Via, with our notes, says. RFC 3261 §18.2.2. */
  #backTo({ via }: SipResponse): Flow | undefined {
    const protocol = protocols.find((one) => one === via.transport.toLowerCase());
    if (protocol === undefined) return undefined;
    const port = Number(via.params.get('rport') ?? '') || via.port;
    const host = via.params.get('received') ?? unbracket(via.host);
    return this.#core.listeners.flowTo(protocol, host, port ?? defaultPort(protocol));
  }

  #isOurs({ callId }: SipRequest, route: string): boolean {
    if (this.#core.quirks.marksNoRoutes) return true;
    return `${route};`.includes(`;by=${this.#signer.sign(`dialog ${callId}`)};`);
  }

  /** Copies of a request have the same branch and go the same way. RFC 3263 §4.4. */
  async #flowTo(uri: string, branch: string): Promise<Flow | undefined> {
    try {
      const ways = await this.#hops.find(uri, () => chanceOf(branch));
      return ways.next();
    } catch (error) {
      if (error instanceof RefusedError) return undefined;
      throw error;
    }
  }
}

/** A number from 0 up to 1 that is always the same for a branch. */
function chanceOf(branch: string): number {
  return createHash('sha256').update(branch).digest().readUInt32BE() / 2 ** 32;
}
