import { serializeMessage, type SipRequest, type SipResponse, unbracket } from '@callweave/sip';
import { RefusedError } from '../../errors.ts';
import { type NextHops } from '../../locate/next-hop.ts';
import { defaultPort, type Flow, type Inbound, protocols } from '../../transport/transport.ts';
import { type Core } from '../context.ts';
import { noteSource } from '../received-via.ts';
import { reject } from '../reject.ts';
import { forwardedBytes, isOwnUri, popOwnRoutes } from './forward-request.ts';
import { isOurVia, popVia, sign, statelessBranch } from './via.ts';

/**
 * Forwards what belongs to dialogs that were proxied with Record-Route, without keeping anything of them: RFC 3261
 * §16.11. It works after a restart too; only routes that we signed are taken, so that nobody sends through us at will.
 */
export class InDialogForwarder {
  readonly #core: Core;
  readonly #hops: NextHops;
  readonly #key: Buffer;

  constructor(core: Core, hops: NextHops, key: Buffer) {
    this.#core = core;
    this.#hops = hops;
    this.#key = key;
  }

  /** Takes a request that names us in its Route; false when it does not. */
  request({ message: request, flow: cameBy }: Inbound<SipRequest>): boolean {
    const [route] = request.addresses('route');
    if (request.toTag === undefined || route === undefined || !isOwnUri(this.#core.listeners, route.uri)) return false;
    if (!this.#isOurs(request, route.uri)) {
      reject(request, cameBy, { status: 403 });
      return true;
    }
    if (request.number('max-forwards') === 0) {
      reject(request, cameBy, { status: 483 });
      return true;
    }
    const branch = statelessBranch(this.#key, request);
    noteSource(request, cameBy);
    popOwnRoutes(this.#core.listeners, request);
    const { uri, nextHop } = looseRoute(request);
    void this.#flowTo(nextHop).then((flow) => {
      if (flow === undefined) reject(request, cameBy, { status: 404 });
      else flow.send(forwardedBytes({ request, cameBy, flow, uri, branch, staysInPath: false, mark: '' }));
    });
    return true;
  }

  /** Takes a response to a request that was forwarded here; false when it was not. RFC 3261 §16.11. */
  response({ message: response }: Inbound<SipResponse>): boolean {
    if (!isOurVia(this.#core.listeners, response)) return false;
    const branch = response.via.params.get('branch');
    popVia(response);
    if (!response.headers.has('via') || branch !== statelessBranch(this.#key, response)) return false;
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
    return `${route};`.includes(`;by=${sign(this.#key, `dialog ${callId}`)};`);
  }

  async #flowTo(uri: string): Promise<Flow | undefined> {
    try {
      return await this.#hops.find(uri);
    } catch (error) {
      if (error instanceof RefusedError) return undefined;
      throw error;
    }
  }
}

/** Where a request goes next, RFC 3261 §16.6 steps 6 and 7: a strict router wants its address as the Request-URI. */
function looseRoute(request: SipRequest): { uri: string; nextHop: string } {
  const [next] = request.addresses('route');
  if (next === undefined) return { uri: request.uri, nextHop: request.uri };
  if (/;lr(?:[;=]|$)/i.test(next.uri)) return { uri: request.uri, nextHop: next.uri };
  const { headers } = request;
  const rest = request.addresses('route').slice(1);
  headers.remove('route');
  for (const { uri } of rest) headers.append('Route', `<${uri}>`);
  headers.append('Route', `<${request.uri}>`);
  return { uri: next.uri, nextHop: next.uri };
}
