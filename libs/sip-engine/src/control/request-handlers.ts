import { type Clock } from '@callweave/clock';
import { reasonPhrase, SipError, type SipRequest, unbracket } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type App } from '../core/app.ts';
import { type Route } from '../core/handled-requests.ts';
import { textForApp } from '../core/uas-request.ts';
import { reasonOf } from '../errors.ts';
import { type Inbound } from '../transport/transport.ts';
import { type HandlerReply, parseHandlerReply } from './handler-reply.ts';
import { handlerUrl } from './handler-url.ts';
import { type AppAddress } from './sessions.ts';

/** Who is asked where requests go, as drachtio-server's `request-handler`. */
export interface RequestHandler {
  /** `INVITE`, or `*` for every method that has none of its own. */
  readonly method: string;
  readonly httpMethod: 'GET' | 'POST';
  /** `http://` and `https://` are asked; `tcp://host:port` and `tls://host:port` are applications to connect to. */
  readonly url: string;
}

/** What is wrong with the URL of a handler; undefined for a good one. */
export function handlerProblem(url: string): string | undefined {
  if (!URL.canParse(url)) return 'is no URL';
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return undefined;
  if (protocol !== 'tcp:' && protocol !== 'tls:') return 'must be http://, https://, tcp:// or tls://';
  return hostname === '' || port === '' ? 'needs a host and a port' : undefined;
}

/** The applications a handler can name. */
export interface HandlerApps {
  connectTo(address: AppAddress): Promise<App | undefined>;
  /** One with this tag that takes the method. */
  pickTagged(method: string, tag: string): App | undefined;
}

export interface RequestHandlersDeps {
  readonly apps: HandlerApps;
  readonly clock: Clock;
  readonly log: Logger;
  /** Certificates to trust besides the well-known ones. */
  readonly ca: string | undefined;
}

/** How long a handler may think. */
const ANSWER_MS = 3_000;

/** No reply needs more. */
const MAX_REPLY_BYTES = 64 * 1024;

/** Nobody is there, now: another try may do. */
const UNAVAILABLE: Route = { kind: 'reject', status: 480 };

/** The handler itself is at fault. */
const BROKEN: Route = { kind: 'reject', status: 500, reason: reasonPhrase(500) };

/** Asks handlers where requests go. */
export class RequestHandlers {
  readonly #handlers: ReadonlyMap<string, RequestHandler>;
  readonly #deps: RequestHandlersDeps;
  readonly #asked = new Set<AbortController>();

  constructor(handlers: readonly RequestHandler[], deps: RequestHandlersDeps) {
    this.#handlers = new Map(handlers.map((handler) => [handler.method, handler]));
    this.#deps = deps;
  }

  /** Who decides about requests of this method; undefined when the connected applications do. */
  of(method: string): ((request: Inbound<SipRequest>) => Promise<Route>) | undefined {
    const handler = this.#handlers.get(method) ?? this.#handlers.get('*');
    return handler === undefined ? undefined : (request) => this.#route(handler, request);
  }

  /** Waits for no reply any longer. */
  stop(): void {
    for (const one of this.#asked) one.abort();
  }

  async #route(handler: RequestHandler, request: Inbound<SipRequest>): Promise<Route> {
    const url = new URL(handler.url);
    if (url.protocol === 'tcp:' || url.protocol === 'tls:') {
      return this.#connect({
        host: unbracket(url.hostname),
        port: Number(url.port),
        isSecure: url.protocol === 'tls:',
      });
    }
    try {
      const text = await this.#ask(handler, request);
      return await this.#follow(parseHandlerReply(text), request.message.method);
    } catch (error) {
      this.#deps.log.warn('handler.failed', { url: handler.url, reason: reasonOf(error) });
      return error instanceof SipError ? BROKEN : UNAVAILABLE;
    }
  }

  /** The reply's text; rejects when there is none that counts, in time. */
  async #ask({ httpMethod, url }: RequestHandler, { message, flow }: Inbound<SipRequest>): Promise<string> {
    const asked = new AbortController();
    const deadline = this.#deps.clock.after(ANSWER_MS, () => asked.abort(new Error('no answer in time')));
    this.#asked.add(asked);
    try {
      const body =
        httpMethod === 'POST' ? { body: textForApp(message), headers: { 'Content-Type': 'text/plain' } } : {};
      const init = { method: httpMethod, signal: asked.signal, ...body };
      const response = await fetch(handlerUrl(url, message, flow), init);
      if (!response.ok) throw new Error(`status ${response.status}`);
      return await textOf(response);
    } finally {
      deadline.cancel();
      this.#asked.delete(asked);
    }
  }

  #follow(reply: HandlerReply, method: string): Route | Promise<Route> {
    switch (reply.kind) {
      case 'connect':
        return this.#connect(reply);
      case 'tagged': {
        const app = this.#deps.apps.pickTagged(method, reply.tag);
        return app === undefined ? UNAVAILABLE : { kind: 'app', app, isOwn: false };
      }
      case 'broken':
        this.#deps.log.warn('handler.broken', { reason: reply.reason });
        return BROKEN;
      default:
        return reply;
    }
  }

  async #connect({ host, port, isSecure }: { host: string; port: number; isSecure: boolean }): Promise<Route> {
    const app = await this.#deps.apps.connectTo({ host, port, tls: isSecure ? { ca: this.#deps.ca } : undefined });
    if (app !== undefined) return { kind: 'app', app, isOwn: true };
    this.#deps.log.warn('app.unreachable', { host, port });
    return UNAVAILABLE;
  }
}

/** The body of a response, as far as it may go. */
async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_REPLY_BYTES) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
