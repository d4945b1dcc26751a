import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Clock } from '@callweave/clock';
import { ignore, type Logger } from '@callweave/telemetry';
import { type Faults } from './faults.ts';

const LOOPBACK = '127.0.0.1';
/** Whoever asked for a fault is told first. */
const FAREWELL_MS = 50;

/** Stands between this process and the servers of the bus. */
export interface Relay {
  /** Where to connect to instead of each of the servers, in their order. */
  readonly servers: readonly string[];
  close(): void;
}

interface Passage {
  readonly from: Socket;
  readonly to: Socket;
  readonly way: 'in' | 'out';
}

/**
 * Opens a relay for servers (`nats://host:port`). What is cut off is held back, as by a network that lost its way: it
 * arrives when that is over, if its connection still stands.
 */
export async function openRelay(
  servers: readonly string[],
  { faults, clock, log }: { faults: Faults; clock: Clock; log: Logger },
): Promise<Relay> {
  const passages = new Set<Passage>();
  const apply = (): void => {
    const { isCut } = faults.weather;
    for (const { from, way } of passages) {
      if (isCut[way]) from.pause();
      else from.resume();
    }
  };
  faults.onChange(() => clock.after(FAREWELL_MS, apply));
  const carry = (passage: Passage): void => {
    const { from, to } = passage;
    passages.add(passage);
    from.on('data', (bytes: Buffer) => {
      const { lateMs } = faults.weather;
      if (lateMs > 0) clock.after(lateMs, () => to.write(bytes));
      else to.write(bytes);
    });
    from.on('error', (error) => ignore(log, error, 'the other side is told by the end of its connection'));
    from.on('close', () => {
      passages.delete(passage);
      to.destroy();
    });
  };
  const open = async (server: string): Promise<[Server, string]> => {
    const { hostname, port } = new URL(server);
    const listener = createServer({ noDelay: true }, (near) => {
      const far = connect({ host: hostname, port: Number(port === '' ? 4222 : port), noDelay: true });
      carry({ from: near, to: far, way: 'out' });
      carry({ from: far, to: near, way: 'in' });
      apply();
    });
    listener.listen(0, LOOPBACK);
    await once(listener, 'listening');
    listener.unref();
    return [listener, `nats://${LOOPBACK}:${String((listener.address() as AddressInfo).port)}`];
  };
  const opened = await Promise.all(servers.map(open));
  return {
    servers: opened.map(([, address]) => address),
    close: () => {
      for (const [listener] of opened) listener.close();
      for (const { from } of passages) from.destroy();
    },
  };
}
