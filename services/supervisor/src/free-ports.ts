import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import { claimPortBlock } from '@callweave/service';
import { type PortProtocol, type PortUse } from './port-plan.ts';

/**
 * Below the range from which outgoing connections get theirs (ip_local_port_range), above what servers settle on; a block
 * is more than a platform of a few edges needs.
 */
const PORTS = { first: 20_480, count: 9_520, size: 68 };

/** Why a port cannot be opened now, as the system's error code; undefined when it can. */
export async function whyTaken(
  host: string,
  port: number,
  protocols: readonly PortProtocol[],
): Promise<string | undefined> {
  for (const protocol of protocols) {
    const code = await (protocol === 'udp' ? tryUdp(host, port) : tryTcp(host, port));
    if (code !== undefined) return code;
  }
  return undefined;
}

/** One line for a fixed port that cannot be opened, naming the port, its use and the setting; undefined when it can. */
export async function describeTaken({
  host,
  port,
  protocols,
  purpose,
  variable,
}: PortUse): Promise<string | undefined> {
  if (port === 0) return undefined;
  const code = await whyTaken(host, port, protocols);
  if (code === undefined) return undefined;
  const reason = code === 'EADDRINUSE' ? 'is taken' : `cannot be opened (${code})`;
  return `port ${port} of ${host} for ${purpose} ${reason}: free it or set ${variable}`;
}

/**
 * Finds free ports; never the same one twice within its life. What it gives stays free until somebody listens there, and
 * while a process that died is started again: no other platform of this machine finds it as long as this process lives.
 */
export class PortFinder {
  readonly #ours: number[] = [];
  #claiming: Promise<void> | undefined;

  /** A port of `host` that is free for all of `protocols`. Throws when other platforms have all there are. */
  async find(host: string, protocols: readonly PortProtocol[] = ['tcp']): Promise<number> {
    for (;;) {
      const port = this.#ours.shift() ?? (await this.#more());
      if (port !== undefined && (await whyTaken(host, port, protocols)) === undefined) return port;
    }
  }

  /** One of a further block; whoever else wants one meanwhile waits for the same. */
  async #more(): Promise<number | undefined> {
    this.#claiming ??= claimPortBlock(PORTS)
      .then((ports) => void this.#ours.push(...ports))
      .finally(() => (this.#claiming = undefined));
    await this.#claiming;
    return this.#ours.shift();
  }

  /** The port of `use`: its own, or a free one when it has none. */
  settle({ host, port, protocols }: PortUse): Promise<number> {
    return port === 0 ? this.find(host, protocols) : Promise.resolve(port);
  }
}

function tryUdp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(codeOf(error));
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function tryTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(codeOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message;
}
