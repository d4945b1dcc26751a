import { createSocket, type Socket } from 'node:dgram';
import { type Logger } from '@callweave/telemetry';
import { CallRefusedError } from '../errors.ts';
import { type PortPool } from './port-pool.ts';

/** An address that media comes from or goes to. */
export interface MediaAddress {
  readonly address: string;
  readonly port: number;
}

/** One bound UDP port. */
export interface MediaPort {
  readonly port: number;
  /** Whoever wants what comes in; one at a time. */
  onPacket(listener: (bytes: Buffer, from: MediaAddress) => void): void;
  /** Sends as UDP does: what does not arrive is not told. */
  send(bytes: Buffer, to: MediaAddress): void;
  /** Closes the socket and frees the port; may be called twice. */
  close(): void;
}

export interface MediaPortDeps {
  readonly address: string;
  readonly pool: PortPool;
  readonly log: Logger;
}

/** Binds a port of the pool. Throws `CallRefusedError` of 503 when none is left. */
export async function openMediaPort({ address, pool, log }: MediaPortDeps): Promise<MediaPort> {
  // A port may be held by another program; each is tried once.
  for (let attempts = pool.available; attempts > 0; attempts--) {
    const wanted = pool.take();
    if (wanted === undefined) break;
    const socket = createSocket('udp4');
    try {
      await bind(socket, wanted, address);
    } catch (error) {
      socket.close();
      pool.give(wanted);
      log.warn('media-port.taken', { address, port: wanted, err: error });
      continue;
    }
    return wrap(socket, () => pool.give(wanted), log);
  }
  throw new CallRefusedError(503, 'no media port is free');
}

function bind(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ port, address, exclusive: true }, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}

function wrap(socket: Socket, onClosed: () => void, log: Logger): MediaPort {
  let isOpen = true;
  const { port } = socket.address();
  socket.on('error', (error) => log.debug('media-port.failed', { port, err: error }));
  return {
    port,
    onPacket: (listener) => {
      socket.removeAllListeners('message');
      socket.on('message', (bytes, from) => listener(bytes, from));
    },
    send: (bytes, to) => {
      if (isOpen) socket.send(bytes, to.port, to.address, () => undefined);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      socket.close();
      onClosed();
    },
  };
}
