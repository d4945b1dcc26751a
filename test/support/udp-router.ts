import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A SIP message on its way between a phone and an edge. */
export interface RoutedMessage {
  readonly from: 'phone' | 'edge';
  /** `ip:port` of the edge. */
  readonly edge: string;
  /** First line. */
  readonly line: string;
}

/**
 * One UDP address with several edges behind it, as a router with an anycast address or a load balancer has it. It also
 * translates phones' addresses: an edge sees each phone at a socket of the router, as behind a NAT.
 */
export interface UdpRouter {
  /** The shared address, `ip:port`. */
  readonly address: string;
  /** Everything that passed, in order. */
  readonly passed: readonly RoutedMessage[];
  /** Sends what phones say to this edge (`ip:port`) from now on. */
  routeTo(edge: string): void;
  /** How many messages passed whose first line contains `text`. */
  count(from: RoutedMessage['from'], edge: string, text: string): number;
  close(): void;
}

/** Opens the shared address. */
export async function openUdpRouter(shared: { host: string; port: number }, firstEdge: string): Promise<UdpRouter> {
  const outside = await bind(shared.host, shared.port);
  const inside = new Map<string, Promise<Socket>>();
  const passed: RoutedMessage[] = [];
  let edge = firstEdge;
  let isClosed = false;

  const note = (from: RoutedMessage['from'], at: string, message: Buffer): void => {
    passed.push({ from, edge: at, line: message.toString('latin1', 0, Math.max(0, message.indexOf('\r\n'))) });
  };
  const openInside = async (phone: RemoteInfo): Promise<Socket> => {
    const socket = await bind('127.0.0.1', 0);
    socket.on('message', (message, { address, port }) => {
      note('edge', `${address}:${String(port)}`, message);
      if (!isClosed) outside.send(message, phone.port, phone.address);
    });
    return socket;
  };
  const forward = async (message: Buffer, phone: RemoteInfo): Promise<void> => {
    const at = edge;
    const key = `${phone.address}:${String(phone.port)}`;
    const opening = inside.get(key) ?? openInside(phone);
    inside.set(key, opening);
    note('phone', at, message);
    const [host, port] = at.split(':');
    const socket = await opening;
    if (!isClosed) socket.send(message, Number(port), host);
  };
  outside.on('message', (message, phone) => void forward(message, phone));

  return {
    address: `${shared.host}:${String(shared.port)}`,
    passed,
    routeTo: (next) => (edge = next),
    count: (from, at, text) =>
      passed.filter((one) => one.from === from && one.edge === at && one.line.includes(text)).length,
    close: () => {
      isClosed = true;
      outside.close();
      for (const opening of inside.values()) void opening.then((socket) => socket.close());
    },
  };
}

async function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  // What an edge that is gone would have said of a datagram for it concerns nobody.
  socket.on('error', () => undefined);
  return socket;
}
