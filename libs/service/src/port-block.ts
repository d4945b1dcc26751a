import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports of one machine, `count` in a row from `first` on, shared out in blocks of `size`. */
export interface PortBlocks {
  readonly first: number;
  readonly count: number;
  readonly size: number;
}

const LOOPBACK = '127.0.0.1';
const TRIES_PER_BLOCK = 10;

/**
 * Ports that no other process of this machine claims while this one lives, whether anybody listens there or not: all but
 * the first of a block, at which the process listens as the sign. Throws when every block is somebody's.
 */
export async function claimPortBlock({ first, count, size }: PortBlocks): Promise<number[]> {
  const blocks = Math.floor(count / size);
  for (let attempt = 0; attempt < blocks * TRIES_PER_BLOCK; attempt++) {
    const sign = first + randomInt(blocks) * size;
    const server = createServer((socket) => socket.destroy()).unref();
    try {
      server.listen({ host: LOOPBACK, port: sign, exclusive: true });
      await once(server, 'listening');
      return Array.from({ length: size - 1 }, (_unused, index) => sign + 1 + index);
    } catch (error) {
      const isSomebodys = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isSomebodys) throw error;
    }
  }
  throw new Error(`no free ports: all from ${first} to ${first + count - 1} belong to other processes`);
}
