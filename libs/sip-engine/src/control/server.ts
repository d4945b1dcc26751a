import { createServer, type Server } from 'node:net';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:tls';
import { formatHostPort } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { BindError, reasonOf } from '../errors.ts';
import { secureOptions, type TlsOptions } from '../transport/tls-options.ts';
import { type Sessions } from './sessions.ts';

/** Where applications connect. */
export interface ControlEndpoint {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** How long a TLS handshake may take. */
const HANDSHAKE_MS = 5_000;

const ACCEPTED = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 } as const;

/** A port at which applications connect. */
export class ControlServer {
  readonly #server: Server;
  readonly #endpoint: ControlEndpoint;
  readonly #renew: (tls: TlsOptions) => void;

  private constructor(server: Server, endpoint: ControlEndpoint, renew: (tls: TlsOptions) => void) {
    this.#server = server;
    this.#endpoint = endpoint;
    this.#renew = renew;
  }

  /** Rejects with `BindError`. */
  static async listen(endpoint: ControlEndpoint, sessions: Sessions, log: Logger): Promise<ControlServer> {
    const server = createServer(ACCEPTED);
    await bind(server, 'control', endpoint);
    server.on('error', (error) => log.warn('control.failed', { reason: reasonOf(error) }));
    server.on('connection', (socket) => sessions.accept(socket));
    return new ControlServer(server, endpoint, () => undefined);
  }

  /** The same for connections by TLS. Rejects with `BindError`. */
  static async listenSecurely(
    endpoint: ControlEndpoint & { readonly tls: TlsOptions | undefined },
    sessions: Sessions,
    log: Logger,
  ): Promise<ControlServer> {
    const { tls } = endpoint;
    if (tls === undefined) throw new BindError(nameOf('control-tls', endpoint), 'no certificate and key');
    // Applications show who they are by the secret.
    const options = { ...ACCEPTED, handshakeTimeout: HANDSHAKE_MS, requestCert: false };
    const server: SecureServer = createSecureServer({ ...options, ...secureOptions(tls) });
    await bind(server, 'control-tls', endpoint);
    server.on('error', (error) => log.warn('control.failed', { reason: reasonOf(error) }));
    server.on('tlsClientError', (error, { remoteAddress: peer }) => {
      log.warn('app.refused', { peer, reason: reasonOf(error) });
    });
    server.on('secureConnection', (socket) => sessions.accept(socket));
    return new ControlServer(server, endpoint, (renewed) => server.setSecureContext(secureOptions(renewed)));
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : this.#endpoint.port;
  }

  /** Uses another certificate from the next connection on. */
  renew(tls: TlsOptions): void {
    this.#renew(tls);
  }

  /** Takes no further connections; resolves when those there were are closed. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

function nameOf(kind: string, { address, port }: ControlEndpoint): string {
  return `${kind}/${formatHostPort(address, port)}`;
}

function bind(server: Server, kind: string, endpoint: ControlEndpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(new BindError(nameOf(kind, endpoint), reasonOf(error), { cause: error }));
    };
    server.once('error', onError);
    server.listen({ host: endpoint.address, port: endpoint.port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
