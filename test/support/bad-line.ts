import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Chance } from './chance.ts';

/** A line to one phone by which everything is late, some of it is out of order, and some never arrives. */
export interface BadLine {
  /** What the phone takes for the edge, `ip:port`. */
  readonly inside: string;
  /** What passed, and what was lost, in both directions. */
  readonly counts: Readonly<Record<'sip' | 'media', { readonly passed: number; readonly lost: number }>>;
  close(): void;
}

export interface Weather {
  /** Each datagram takes so long, and up to `jitterMs` more. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Share of the datagrams that are lost. */
  readonly loss: number;
}

type Kind = 'sip' | 'media';

/** `ip:port` of somebody. */
interface Party {
  address: string;
  port: number;
}

const HOST = '127.0.0.1';

/** One end of the line faces the phone, the other the edge; `to` is who that is. */
interface Wire {
  readonly phone: Socket;
  readonly edge: Socket;
  readonly to: { phone?: Party; edge?: Party };
}

/** Lays such a line before an edge, with the media of one call, as home routers do that read SIP. */
export async function layBadLine(
  edge: string,
  weather: { readonly sip: Weather; readonly media: Weather },
): Promise<BadLine> {
  // What becomes of the nth message is the same each time.
  const chances = { sip: new Chance(1), media: new Chance(2) };
  const counts = { sip: { passed: 0, lost: 0 }, media: { passed: 0, lost: 0 } };
  let isClosed = false;
  const carry = (kind: Kind, socket: Socket, bytes: Buffer, to: Party | undefined): void => {
    const { delayMs, jitterMs, loss } = weather[kind];
    const chance = chances[kind];
    if (to === undefined || chance.next() < loss) {
      counts[kind].lost += 1;
      return;
    }
    counts[kind].passed += 1;
    const { address, port } = to;
    // The line itself: nobody waits by it for anything.
    setTimeout(() => !isClosed && socket.send(bytes, port, address), delayMs + chance.next() * jitterMs);
  };
  const [host = '', port] = edge.split(':');
  const sip = await layWire();
  const [rtp, rtcp] = [await layWire(), await layWire()];
  sip.to.edge = { address: host, port: Number(port) };
  sip.phone.on('message', (bytes, from) => {
    sip.to.phone = from;
    carry('sip', sip.edge, described(bytes, 'phone', rtp, rtcp), sip.to.edge);
  });
  sip.edge.on('message', (bytes) => carry('sip', sip.phone, described(bytes, 'edge', rtp, rtcp), sip.to.phone));
  for (const wire of [rtp, rtcp]) {
    wire.phone.on('message', (bytes) => carry('media', wire.edge, bytes, wire.to.edge));
    wire.edge.on('message', (bytes) => carry('media', wire.phone, bytes, wire.to.phone));
  }
  return {
    inside: `${HOST}:${String(portOf(sip.phone))}`,
    counts,
    close: () => {
      isClosed = true;
      for (const wire of [sip, rtp, rtcp]) for (const socket of [wire.phone, wire.edge]) socket.close();
    },
  };
}

async function layWire(): Promise<Wire> {
  const [phone, edge] = [createSocket('udp4').bind(0, HOST), createSocket('udp4').bind(0, HOST)];
  await Promise.all([once(phone, 'listening'), once(edge, 'listening')]);
  return { phone, edge, to: {} };
}

/** Its answer tells what a phone can do, not where it listens (RFC 3261 §11.2). */
const OF_NO_SESSION = /^CSeq: *\d+ +OPTIONS\r?$/im;

/** The message with our ends of the line for media in place of its sender's, whose own are noted. */
function described(bytes: Buffer, by: 'phone' | 'edge', rtp: Wire, rtcp: Wire): Buffer {
  const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n');
  const port = /^m=audio (\d+) /m.exec(body)?.[1];
  if (port === undefined || OF_NO_SESSION.test(head)) return bytes;
  const address = /^c=IN IP4 (\S+)/m.exec(body)?.[1] ?? HOST;
  rtp.to[by] = { address, port: Number(port) };
  rtcp.to[by] = { address, port: Number(/^a=rtcp:(\d+)/m.exec(body)?.[1] ?? Number(port) + 1) };
  // Whoever hears of the phone sends to the end that faces him.
  const end = by === 'phone' ? 'edge' : 'phone';
  const changed = body
    .replace(/^a=rtcp:.*\r\n/m, '')
    .replace(/^c=IN IP4 \S+/gm, `c=IN IP4 ${HOST}`)
    .replace(/^m=audio \d+ (.*\r\n)/m, `m=audio ${String(portOf(rtp[end]))} $1a=rtcp:${String(portOf(rtcp[end]))}\r\n`);
  const length = `Content-Length: ${String(changed.length)}`;
  return Buffer.from(`${head.replace(/^(?:Content-Length|l): *\d+/im, length)}\r\n\r\n${changed}`, 'latin1');
}

function portOf(socket: Socket): number {
  return socket.address().port;
}
