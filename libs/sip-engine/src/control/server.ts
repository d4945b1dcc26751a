import { createServer, type Server } from 'node:net';
import { createServer as createSecureServer, type TlsOptions } from 'node:tls';
import { formatHostPort } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { BindError, reasonOf } from '../errors.ts';
import { type Sessions } from './sessions.ts';

/** Where applications connect. */
export interface ControlEndpoint {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Certificate and key, for connections by TLS alone. */
  readonly tls?: TlsOptions | undefined;
}

/** A port at which applications connect. */
export class ControlServer {
  readonly #server: Server;
  readonly #endpoint: ControlEndpoint;

  private constructor(server: Server, endpoint: ControlEndpoint) {
    this.#server = server;
    this.#endpoint = endpoint;
  }

  /** Rejects with `BindError`. */
  static async listen(endpoint: ControlEndpoint, sessions: Sessions, log: Logger): Promise<ControlServer> {
    const { address, port, tls } = endpoint;
    const name = `${tls === undefined ? 'control' : 'control-tls'}/${formatHostPort(address, port)}`;
    const server = createListener(tls, name);
    await new Promise<void>((resolve, reject) => {
      const onError = (error: Error): void => reject(new BindError(name, reasonOf(error), { cause: error }));
      server.once('error', onError);
      server.listen({ host: address, port }, () => {
        server.off('error', onError);
        resolve();
      });
    });
    server.on('error', (error) => log.warn('control.failed', { reason: reasonOf(error) }));
    server.on('tlsClientError', (error: Error) => log.warn('app.refused', { reason: reasonOf(error) }));
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket) => sessions.accept(socket));
    return new ControlServer(server, endpoint);
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : this.#endpoint.port;
  }

  /** Takes no further connections; resolves when those there were are closed. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** How long a TLS handshake may take. */
const HANDSHAKE_MS = 5_000;

function createListener(tls: TlsOptions | undefined, name: string): Server {
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 };
  if (tls === undefined) return createServer(options);
  try {
    return createSecureServer({ ...options, ...tls, handshakeTimeout: HANDSHAKE_MS });
  } catch (error) {
    throw new BindError(name, reasonOf(error), { cause: error });
  }
}
