import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { until } from './until.ts';

/** A socket that sends any bytes and keeps what comes back. */
export interface UdpPeer {
  /** `host:port` of the socket. */
  readonly address: string;
  readonly received: readonly string[];
  send(text: string): void;
  /** Waits for the first message that contains `text`. */
  waitFor(text: string, limitMs?: number): Promise<string>;
  close(): void;
}

/** Opens a socket that talks to `remote` (`host:port`) from `localHost`. */
export async function openUdpPeer(remote: string, localHost = '127.0.0.1'): Promise<UdpPeer> {
  const socket = createSocket('udp4');
  socket.bind(0, localHost);
  await once(socket, 'listening');
  const received: string[] = [];
  socket.on('message', (message) => received.push(message.toString('utf8')));
  const [host = '', port = ''] = remote.split(':');
  return {
    address: `${localHost}:${String(socket.address().port)}`,
    received,
    send: (text) => socket.send(Buffer.from(text, 'utf8'), Number(port), host),
    waitFor: async (text, limitMs) => {
      const found = (): string | undefined => received.find((message) => message.includes(text));
      await until(`an answer with ${text}`, () => found() !== undefined, limitMs);
      return found() ?? '';
    },
    close: () => socket.close(),
  };
}
