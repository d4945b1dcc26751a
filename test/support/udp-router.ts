import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A SIP message on its way between a phone and an edge. */
export interface RoutedMessage {
  readonly from: 'phone' | 'edge';
  /** `ip:port` of the edge. */
  readonly edge: string;
  /** First line. */
  readonly line: string;
  readonly callId: string;
  /** As CSeq has it, of a request and of what answers it. */
  readonly method: string;
  /** By the monotonic clock. */
  readonly atMs: number;
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
  /** The same with what belongs to no Call-ID that has passed before; the rest goes on to where it went. */
  leadTo(edge: string): void;
  /** Passes nothing on any more of what this edge says. */
  mute(edge: string): void;
  /** How many messages passed whose first line contains `text`. */
  count(from: RoutedMessage['from'], edge: string, text: string): number;
  close(): void;
}

/** Opens the shared address. */
export async function openUdpRouter(shared: { host: string; port: number }, firstEdge: string): Promise<UdpRouter> {
  const outside = await bind(shared.host, shared.port);
  const inside = new Map<string, Promise<Socket>>();
  const passed: RoutedMessage[] = [];
  /** The edge that was last heard about a Call-ID, or heard of it. */
  const places = new Map<string, string>();
  let keepsPlaces = false;
  let edge = firstEdge;
  const muted = new Set<string>();
  let isClosed = false;

  const note = (from: RoutedMessage['from'], at: string, message: Buffer): void => {
    const text = message.toString('latin1');
    const callId = callIdIn(text);
    const line = text.slice(0, Math.max(0, text.indexOf('\r\n')));
    const method = /^CSeq:\s*\d+\s+(\S+)/im.exec(text)?.[1] ?? '';
    passed.push({ from, edge: at, line, callId, method, atMs: performance.now() });
    places.set(callId, at);
  };
  const openInside = async (phone: RemoteInfo): Promise<Socket> => {
    const socket = await bind('127.0.0.1', 0);
    socket.on('message', (message, { address, port }) => {
      const from = `${address}:${String(port)}`;
      if (muted.has(from)) return;
      note('edge', from, message);
      if (!isClosed) outside.send(message, phone.port, phone.address);
    });
    return socket;
  };
  const forward = async (message: Buffer, phone: RemoteInfo): Promise<void> => {
    const at = (keepsPlaces ? places.get(callIdIn(message.toString('latin1'))) : undefined) ?? edge;
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
    routeTo: (next) => {
      edge = next;
      keepsPlaces = false;
    },
    leadTo: (next) => {
      edge = next;
      keepsPlaces = true;
    },
    mute: (silent) => void muted.add(silent),
    count: (from, at, text) =>
      passed.filter((one) => one.from === from && one.edge === at && one.line.includes(text)).length,
    close: () => {
      isClosed = true;
      outside.close();
      for (const opening of inside.values()) void opening.then((socket) => socket.close());
    },
  };
}

function callIdIn(text: string): string {
  return /^(?:Call-ID|i):\s*(\S+)/im.exec(text)?.[1] ?? '';
}

async function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  // What an edge that is gone would have said of a datagram for it concerns nobody.
  socket.on('error', () => undefined);
  return socket;
}
