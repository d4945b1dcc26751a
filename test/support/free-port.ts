import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import getPort from 'get-port';

/** A port of the loopback address that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return getPort({ host: '127.0.0.1' });
}

/** A UDP port that nobody uses at any of these addresses of loopback. */
export async function freePortOn(hosts: readonly string[]): Promise<number> {
  for (;;) {
    const port = await freePort();
    const free = await Promise.all(hosts.map((host) => isFree(host, port)));
    if (free.every((one) => one)) return port;
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return true;
  } catch {
    // Taken.
    return false;
  } finally {
    socket.close();
  }
}
