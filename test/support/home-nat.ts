import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** The router of a household: phones behind it are seen at its ports, which it forgets when they are silent. */
export interface HomeNat {
  /** What phones behind it take for the edge, `ip:port`. */
  readonly inside: string;
  /** First lines of what came in for a phone and was passed on to it. */
  readonly passed: readonly string[];
  /** How long the oldest port that it still knows has been in use, ms. */
  keptMs(): number;
  /** How many ports it has forgotten. */
  forgotten(): number;
  close(): void;
}

export interface HomeNatOptions {
  /** `ip:port` of the edge. */
  readonly edge: string;
  /** It forgets who has sent nothing for so long; what comes in does not count. RFC 4787 REQ-6 */
  readonly idleMs: number;
  /** Whether it lets in what begins like this. */
  readonly letsIn?: (line: string) => boolean;
}

interface Mapping {
  readonly outside: Socket;
  readonly sinceMs: number;
  lastMs: number;
}

const HOST = '127.0.0.1';
const TICK_MS = 100;

/** Sets one up before an edge. */
export async function openHomeNat({ edge, idleMs, letsIn = () => true }: HomeNatOptions): Promise<HomeNat> {
  const [edgeHost, edgePort] = edge.split(':');
  const inside = createSocket('udp4').bind(0, HOST);
  await once(inside, 'listening');
  const mappings = new Map<string, Mapping>();
  const passed: string[] = [];
  let forgotten = 0;
  // Time in which this process ran: what was sent while it did not waits to be read.
  let nowMs = 0;
  let tickedMs = performance.now();
  const ticking = setInterval(() => {
    nowMs += Math.min(performance.now() - tickedMs, 2 * TICK_MS);
    tickedMs = performance.now();
  }, TICK_MS);
  const forget = (): void => {
    for (const [phone, { outside, lastMs }] of mappings) {
      if (nowMs - lastMs < idleMs) continue;
      mappings.delete(phone);
      forgotten += 1;
      outside.close();
    }
  };
  const open = (phone: RemoteInfo): Mapping => {
    const outside = createSocket('udp4').bind(0, HOST);
    outside.on('message', (message) => {
      forget();
      const [line = ''] = message.toString('latin1').split('\r\n', 1);
      if (mappings.get(keyOf(phone))?.outside !== outside || !letsIn(line)) return;
      passed.push(line);
      inside.send(message, phone.port, phone.address);
    });
    return { outside, sinceMs: nowMs, lastMs: nowMs };
  };
  inside.on('message', (message, phone) => {
    forget();
    const mapping = mappings.get(keyOf(phone)) ?? open(phone);
    mapping.lastMs = nowMs;
    mappings.set(keyOf(phone), mapping);
    mapping.outside.send(message, Number(edgePort), edgeHost);
  });
  return {
    inside: `${HOST}:${String(inside.address().port)}`,
    passed,
    keptMs: () => {
      forget();
      return Math.max(0, ...[...mappings.values()].map(({ sinceMs }) => nowMs - sinceMs));
    },
    forgotten: () => {
      forget();
      return forgotten;
    },
    close: () => {
      clearInterval(ticking);
      inside.close();
      for (const { outside } of mappings.values()) outside.close();
    },
  };
}

function keyOf({ address, port }: RemoteInfo): string {
  return `${address}:${String(port)}`;
}
