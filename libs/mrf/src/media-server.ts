import { SpanKind, withStep } from '@callweave/telemetry';
import { type MediaDialer, srfFace } from './dialer.ts';
import { MediaEndpoint } from './endpoint.ts';
import { EndpointRefusedError, MediaServerUnavailableError } from './errors.ts';
import { createFsmrf, type FsmrfMediaServer } from './fsmrf.ts';
import { type EventSocketAddress, probe } from './probe.ts';
import { type Timers, within } from './timers.ts';

/** How to reach a media server, and how it reaches us. */
export interface MediaServerOptions extends EventSocketAddress {
  /** Where we listen for the media server's connections, one a call; any free port. */
  readonly listenAddress: string;
  /** How the media server reaches that address, if otherwise. */
  readonly advertisedAddress?: string | undefined;
}

export interface MediaServerDeps {
  readonly dialer: MediaDialer;
  readonly timers: Timers;
}

const CONNECT_MS = 3_000;
/** A media server that takes longer to answer is frozen, and its caller has waited long enough. */
const CREATE_MS = 5_000;

const BEAT_MS = 2_000;
/** Shorter than a beat: the next one begins when it would have anyway. */
const ANSWER_MS = 1_500;
/** One that does not answer so many beats is gone: one that is slow is not. */
const MAX_MISSED = 3;

/** A connection to one media server, through drachtio-fsmrf. */
export class MediaServer {
  readonly #server: FsmrfMediaServer;
  readonly #address: EventSocketAddress;
  readonly #timers: Timers;
  readonly #listeners: (() => void)[] = [];
  readonly #endpoints = new Set<MediaEndpoint>();
  #missed = 0;
  #isOpen = true;

  private constructor(server: FsmrfMediaServer, address: EventSocketAddress, timers: Timers) {
    this.#server = server;
    this.#address = address;
    this.#timers = timers;
    server.on('end', () => this.#lost());
    // The first error is told by the end of the connection; without a listener it would end the process.
    server.on('error', () => this.#lost());
    void this.#watch();
  }

  /** Connects. Rejects with `MediaServerUnavailableError`; never keeps trying by itself. */
  static async connect(options: MediaServerOptions, { dialer, timers }: MediaServerDeps): Promise<MediaServer> {
    const { address, port, password, profile, listenAddress, advertisedAddress } = options;
    await isThere(options, timers, CONNECT_MS);
    const connecting = createFsmrf(srfFace(dialer)).connect({
      ...{ address, port, secret: password, profile, listenAddress, listenPort: 0 },
      ...(advertisedAddress === undefined ? {} : { advertisedAddress }),
    });
    try {
      return new MediaServer(await within(timers, CONNECT_MS, connecting, silent), options, timers);
    } catch (error) {
      // What comes too late is let go.
      void connecting.then((server) => server.disconnect()).catch(() => undefined);
      throw error instanceof MediaServerUnavailableError
        ? error
        : new MediaServerUnavailableError('unreachable', { cause: error });
    }
  }

  /** Whether endpoints can be made. */
  get isConnected(): boolean {
    return this.#isOpen && this.#server.connected();
  }

  /** Calls back once when the connection is lost. */
  onLost(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * An endpoint for a party that offers `remoteSdp`. Rejects with `MediaServerUnavailableError` or
   * `EndpointRefusedError`.
   */
  async createEndpoint(remoteSdp: string): Promise<MediaEndpoint> {
    if (!this.isConnected) throw new MediaServerUnavailableError('disconnected');
    return withStep('esl create', { kind: SpanKind.CLIENT }, () => this.#create(remoteSdp));
  }

  async #create(remoteSdp: string): Promise<MediaEndpoint> {
    const creating = this.#server.createEndpoint({ remoteSdp });
    try {
      const endpoint = new MediaEndpoint(await within(this.#timers, CREATE_MS, creating, silent), this.#timers);
      this.#endpoints.add(endpoint);
      return endpoint;
    } catch (error) {
      if (!(error instanceof MediaServerUnavailableError)) {
        throw new EndpointRefusedError(statusOf(error), { cause: error });
      }
      // What comes too late is let go.
      void creating.then((endpoint) => endpoint.destroy()).catch(() => undefined);
      throw error;
    }
  }

  /** Closes the connection; endpoints in use go on. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // Its connection would come back by itself, without what it had subscribed to.
    const retry = this.#server.conn?.reconnectVars.retryTimer;
    if (retry !== null) clearTimeout(retry);
    this.#server.disconnect();
  }

  /**
   * Asks whether it is there: one that was cut off keeps its connections open and answers nothing. Endpoints in use are
   * looked after when the connection is closed, too.
   */
  async #watch(): Promise<void> {
    await this.#beat();
    while (this.#isOpen || this.#endpoints.size > 0) {
      const next = this.#beat();
      await this.#ask();
      if (this.#missed === MAX_MISSED) {
        for (const endpoint of this.#endpoints) endpoint.abandon();
        this.#lost();
        return;
      }
      await next;
      for (const endpoint of this.#endpoints) if (endpoint.isGone) this.#endpoints.delete(endpoint);
    }
  }

  #beat(): Promise<void> {
    return new Promise((resolve) => this.#timers.after(BEAT_MS, resolve));
  }

  async #ask(): Promise<void> {
    try {
      await isThere(this.#address, this.#timers, ANSWER_MS);
      this.#missed = 0;
    } catch (error) {
      // Who says why it cannot be used answers.
      this.#missed = isSilence(error) ? this.#missed + 1 : 0;
    }
  }

  #lost(): void {
    if (!this.#isOpen) return;
    this.close();
    for (const listener of this.#listeners) listener();
  }
}

/** Rejects with `MediaServerUnavailableError` when a media server cannot be used, or does not answer. */
async function isThere(server: EventSocketAddress, timers: Timers, limitMs: number): Promise<void> {
  const abort = new AbortController();
  try {
    await within(timers, limitMs, probe(server, abort.signal), silent);
  } finally {
    abort.abort();
  }
}

function isSilence(error: unknown): boolean {
  const reason = error instanceof MediaServerUnavailableError ? error.reason : undefined;
  return reason === 'silent' || reason === 'unreachable';
}

const silent = (): Error => new MediaServerUnavailableError('silent');

/** What the media server answered, or 503 when it did not. */
function statusOf(error: unknown): number {
  const isAnswer = error instanceof Error && 'status' in error && typeof error.status === 'number';
  return isAnswer ? (error.status as number) : 503;
}
