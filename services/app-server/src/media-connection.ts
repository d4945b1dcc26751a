import { type Clock, type Timer } from '@callweave/clock';
import { type MediaServer, MediaServerUnavailableError } from '@callweave/mrf';
import { type Logger } from '@callweave/telemetry';

export interface MediaConnectionDeps {
  readonly connect: () => Promise<MediaServer>;
  readonly clock: Clock;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/** The connection to the media server; comes back by itself. */
export class MediaConnection {
  readonly #deps: MediaConnectionDeps;
  #server: MediaServer | undefined;
  #retry: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #isClosed = false;

  constructor(deps: MediaConnectionDeps) {
    this.#deps = deps;
  }

  /** The media server; undefined while there is none. */
  get server(): MediaServer | undefined {
    return this.#server?.isConnected === true ? this.#server : undefined;
  }

  /** Starts connecting; returns at once. */
  open(): void {
    const { connect, log } = this.#deps;
    void connect().then(
      (server) => this.#connected(server),
      (error: unknown) => {
        const reason = error instanceof MediaServerUnavailableError ? error.reason : undefined;
        log.warn('media-server.unavailable', { reason, err: error });
        this.#tryLater();
      },
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#server?.close();
  }

  #connected(server: MediaServer): void {
    const { log } = this.#deps;
    if (this.#isClosed) {
      server.close();
      return;
    }
    log.info('media-server.connected');
    this.#server = server;
    this.#retryMs = FIRST_RETRY_MS;
    server.onLost(() => {
      log.warn('media-server.lost');
      this.#server = undefined;
      this.#tryLater();
    });
  }

  #tryLater(): void {
    if (this.#isClosed) return;
    this.#retry = this.#deps.clock.after(this.#retryMs, () => this.open());
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }
}
