import { type Clock } from '@callweave/clock';
import { ignore, type Logger } from '@callweave/telemetry';
import { createSrf, type SrfApplication, type SrfRequest, type SrfResponse } from './drachtio.ts';
import { incomingRequest, type IncomingRequest } from './incoming-request.ts';
import { type OutgoingEvents, type OutgoingRequest, sendRequest, type SentRequest } from './outgoing-request.ts';
import { Outliving } from './outliving.ts';
import { Pulse } from './pulse.ts';

export interface EngineOptions {
  /** `host:port` of the engine's control port. */
  readonly address: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One address the engine listens on and advertises, for example `udp/192.0.2.1:5060`. */
export interface EngineContact {
  readonly transport: string;
  readonly hostPort: string;
  /** Where its socket is, which differs from what is advertised behind a NAT. */
  readonly local: string;
}

/** What an engine told about itself when it let us in. */
export interface EngineInfo {
  readonly contacts: readonly EngineContact[];
  readonly version: string;
  /** Instance id of the engine; undefined for one that has none to tell (drachtio-server). */
  readonly instance: string | undefined;
}

export type RequestHandler = (request: IncomingRequest) => Promise<void>;

/**
 * The connection of an application to its SIP engine; comes back by itself. An engine that does not answer any more counts
 * as gone until it does.
 */
export class EngineLink {
  readonly outliving: Outliving;
  readonly #options: EngineOptions;
  readonly #srf: SrfApplication = createSrf();
  readonly #listeners: ((info: EngineInfo) => void)[] = [];
  readonly #lost: ((how: 'apart' | 'silent') => void)[] = [];
  readonly #pulse: Pulse;
  #info: EngineInfo | undefined;
  #state: 'apart' | 'connected' | 'silent' = 'apart';
  /** What came before we were told whom we are connected to: srf tells that a turn later. */
  readonly #early = new Set<() => void>();
  #isClosed = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { log, clock } = options;
    this.outliving = new Outliving({ send: (...sent) => sendRequest(this.#srf, ...sent), log });
    this.#pulse = new Pulse({
      ask: (answered) => this.#askAnything(answered),
      silent: () => {
        log.warn('engine.silent');
        this.#lose('silent');
      },
      back: () => {
        log.info('engine.back');
        this.#enter();
      },
      clock,
    });
    this.#srf.on('connect', (error, contacts, version, local) => {
      if (this.#isClosed) {
        this.#srf.disconnect();
        return;
      }
      if (error !== null && error !== undefined) {
        log.error('engine.refused', { err: error });
        return;
      }
      this.#info = parseEngineInfo(contacts ?? '', version ?? '', local ?? '');
      log.info('engine.connected', { ...this.#info });
      this.#pulse.start();
      this.#enter();
      for (const run of this.#early) run();
      this.#early.clear();
    });
    this.#srf.on('close', () => {
      log.warn('engine.disconnected');
      this.#pulse.stop();
      this.#early.clear();
      // drachtio-srf is about to take note of it itself, and takes until then what it cannot send.
      queueMicrotask(() => this.#lose('apart'));
    });
    this.#srf.on('error', (error) => ignore(log, error, 'the connection to the engine is tried again'));
  }

  /** Handles new requests of one method; a handler that throws makes the answer 500. */
  onRequest(method: string, handler: RequestHandler): void {
    this.#srf.use(method.toLowerCase(), (request, response) => this.#run(handler, request, response));
  }

  /**
   * Handles every request inside a dialog, also one that the engine does not know: another may have had it. Must be
   * told before `onRequest`.
   */
  onInDialog(handler: RequestHandler): void {
    this.#srf.use((request, response, next) => {
      if (isInDialog(request)) this.#run(handler, request, response);
      else next();
    });
    const outside: RequestHandler = (request) => request.reply({ status: 481 });
    for (const method of DIALOG_METHODS) this.onRequest(method, outside);
  }

  /** Sends a request through the engine; a BYE waits for one. */
  send(request: OutgoingRequest, events: OutgoingEvents): SentRequest {
    if (request.method === 'BYE') return this.outliving.bye(request, events);
    if (request.method === 'INVITE') return this.outliving.invite(request, events);
    return sendRequest(this.#srf, request, events);
  }

  #enter(): void {
    this.#state = 'connected';
    if (this.#info === undefined) return;
    for (const listener of this.#listeners) listener(this.#info);
    this.outliving.entered(this.#info.instance);
  }

  #lose(state: 'apart' | 'silent'): void {
    // It is told of each attempt to connect that fails.
    if (this.#state === state) return;
    this.#state = state;
    this.outliving.left(state);
    for (const listener of this.#lost) listener(state);
  }

  /** A request in a dialog that is not there is refused at once, by every engine there is, and goes nowhere. */
  #askAnything(answered: () => void): void {
    this.send(
      { method: 'OPTIONS', uri: 'sip:placeholder', dialogId: 'pulse;from-tag=pulse' },
      { responded: answered, failed: answered },
    );
  }

  #run(handler: RequestHandler, request: SrfRequest, response: SrfResponse): void {
    if (this.#state === 'apart') {
      const run = (): void => this.#run(handler, request, response);
      this.#early.add(run);
      request.on('cancel', () => this.#early.delete(run));
      return;
    }
    // Before anything is done for it: much may have changed while the engine stood still.
    this.#pulse.heard();
    const incoming = this.outliving.answering(incomingRequest(request, response));
    const { log } = this.#options;
    handler(incoming).catch(async (error: unknown) => {
      log.error('request.failed', { method: request.method, err: error });
      if (response.finalResponseSent) return;
      await incoming.reply({ status: 500 }).catch((failure: unknown) => ignore(log, failure, 'no one to answer'));
    });
  }

  /** Calls `listener` whenever there is a connection, or an engine answers again that did not. */
  onConnect(listener: (info: EngineInfo) => void): void {
    this.#listeners.push(listener);
  }

  /** Calls `listener` whenever the connection is lost, or the engine does not answer any more. */
  onDisconnect(listener: (how: 'apart' | 'silent') => void): void {
    this.#lost.push(listener);
  }

  /** Starts connecting; returns at once. */
  connect(): void {
    if (this.#isClosed) return;
    const { address, secret } = this.#options;
    const colon = address.lastIndexOf(':');
    this.#srf.connect({
      host: address.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(address.slice(colon + 1)),
      secret,
      reconnect: { retryMaxDelay: 1_000 },
    });
  }

  /** What the engine told last; undefined before the first connection. */
  get info(): EngineInfo | undefined {
    return this.#info;
  }

  /** Why no request can come in; undefined when they can. */
  notReady(): string | undefined {
    if (this.#state === 'connected') return undefined;
    return this.#state === 'silent' ? 'the SIP engine does not answer' : 'no connection to the SIP engine';
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pulse.stop();
    // Without a connection there is none to close: that throws. The next one is closed when it comes.
    if (this.#state !== 'apart') this.#srf.disconnect();
  }
}

/** Methods we take inside dialogs only, RFC 3261 §15, RFC 3262, RFC 3311, RFC 3515, RFC 6086, RFC 6665. */
const DIALOG_METHODS = ['BYE', 'INFO', 'UPDATE', 'REFER', 'NOTIFY', 'PRACK'] as const;

/** A tag in To makes it one, RFC 3261 §12.2. */
function isInDialog(request: SrfRequest): boolean {
  return (request.stackDialogId ?? '') !== '' || /;\s*tag=/i.test(request.get('to') ?? '');
}

/**
 * Reads the engine's greeting: `udp/ip:port,tcp/ip:port`, `v0.9.4+engine.INSTANCE`, and the sockets behind the first in the
 * same order, which older servers do not tell.
 */
export function parseEngineInfo(contacts: string, version: string, sockets = ''): EngineInfo {
  const list = (text: string): string[] => text.split(',').filter((contact) => contact.includes('/'));
  const hostPortOf = (contact: string): string => contact.slice(contact.indexOf('/') + 1);
  const locals = list(sockets);
  return {
    contacts: list(contacts).map((contact, index) => ({
      transport: contact.slice(0, contact.indexOf('/')),
      hostPort: hostPortOf(contact),
      local: hostPortOf(locals[index] ?? contact),
    })),
    version,
    instance: /\+engine\.([a-z2-7]{16})$/.exec(version)?.[1],
  };
}
