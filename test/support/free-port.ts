import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { claimPortBlock } from '@callweave/service';
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

/** Below what the system gives to sockets that ask for no port, and below what platforms find for themselves. */
const PHONE_PORTS = { first: 10_240, count: 10_240, size: 512 };
let ours: Promise<number[]> | undefined;

/** A port for a phone that is started later, UDP and TCP; of those that only this process gives to its phones. */
export async function freePhonePort(): Promise<number> {
  ours ??= claimPortBlock(PHONE_PORTS);
  const ports = await ours;
  for (const port of [...ports]) {
    // Those that phones left serve again, after all others.
    ports.push(...ports.splice(ports.indexOf(port), 1));
    const isOfTcp = (await getPort({ host: '127.0.0.1', port })) === port;
    if (isOfTcp && (await isFree('127.0.0.1', port))) return port;
  }
  throw new Error('all ports for phones are taken');
}

/** Whether nobody has this port for UDP. */
export async function isFree(host: string, port: number): Promise<boolean> {
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
