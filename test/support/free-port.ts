import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import getPort, { portNumbers } from 'get-port';

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

/** Below what the system gives to sockets that ask for no port: nobody is given it before a phone takes it. */
const PHONE_PORTS = [10_000, 19_999] as const;

/** A port for a phone that is started later, UDP and TCP. */
export async function freePhonePort(): Promise<number> {
  const [first, last] = PHONE_PORTS;
  for (;;) {
    // Others look for one as well.
    const start = first + Math.floor(Math.random() * (last - first - 1_000));
    const port = await getPort({ host: '127.0.0.1', port: portNumbers(start, last) });
    if (await isFree('127.0.0.1', port)) return port;
  }
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
