import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Clock } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import { reasonOf } from './errors.ts';
import { type MessageTap } from './message-log.ts';
import { type Flow } from './transport/transport.ts';

/** Where copies of every SIP message go: a collector of HEP version 3, as Homer is one. */
export interface CaptureOptions {
  /** An address or a name, which is looked up once. */
  readonly host: string;
  readonly port: number;
  /** By which the collector knows who sent them. */
  readonly agentId: number;
}

/** Shorter ones are keep-alives. */
const MIN_MESSAGE = 20;

/** What fits into one datagram over IPv4. */
const MAX_DATAGRAM = 65_507;

/**
 * Sends a collector every message as it was received or sent, credentials included, and what cannot be read as one. What
 * the collector does not get is lost: SIP never waits for it.
 */
export class Capture implements MessageTap {
  readonly #socket: Socket;
  readonly #agentId: number;
  readonly #clock: Clock;
  #isConnected = false;
  #hasFailed = false;

  constructor(
    { host, port, agentId }: CaptureOptions,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
  ) {
    this.#agentId = agentId;
    this.#clock = clock;
    this.#socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#socket.unref();
    this.#socket.on('error', (error) => {
      // Said once: it would be said for every message.
      if (!this.#hasFailed) log.warn('capture.failed', { host, port, reason: reasonOf(error) });
      this.#hasFailed = true;
    });
    this.#socket.connect(port, host, () => (this.#isConnected = true));
  }

  received(flow: Flow, bytes: Buffer): void {
    this.#send(bytes, flow, 'received');
  }

  sent(flow: Flow, bytes: Buffer): void {
    if (bytes.length >= MIN_MESSAGE) this.#send(bytes, flow, 'sent');
  }

  close(): void {
    this.#socket.close();
  }

  #send(bytes: Buffer, { protocol, remoteAddress, remotePort, listener }: Flow, direction: 'received' | 'sent'): void {
    if (!this.#isConnected) return;
    const here = { address: listener.address, port: listener.port };
    const there = { address: remoteAddress, port: remotePort };
    const [from, to] = direction === 'sent' ? [here, there] : [there, here];
    const epochMs = this.#clock.epochMs();
    const packet = hepPacket({ from, to, isUdp: protocol === 'udp', epochMs, agentId: this.#agentId, payload: bytes });
    if (packet.length <= MAX_DATAGRAM) this.#socket.send(packet);
  }
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A message on its way. */
export interface Captured {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly isUdp: boolean;
  readonly epochMs: number;
  readonly agentId: number;
  readonly payload: Buffer;
}

/** Types of chunks, HEP/EEP version 3, generic vendor. */
const CHUNK = {
  family: 1,
  protocol: 2,
  source4: 3,
  target4: 4,
  source6: 5,
  target6: 6,
  sourcePort: 7,
  targetPort: 8,
  seconds: 9,
  microseconds: 10,
  payloadType: 11,
  agent: 12,
  payload: 15,
} as const;

const AF_INET = 2;
const AF_INET6 = 10;
const UDP = 17;
const TCP = 6;
const SIP = 1;

/**
 * One packet of HEP version 3:
 *
 *     "HEP3" | length of all, 16 bits | chunk …
 *     chunk: vendor, 16 bits, 0 | type, 16 bits | length of the chunk, 16 bits | value
 */
export function hepPacket({ from, to, isUdp, epochMs, agentId, payload }: Captured): Buffer {
  const is6 = isIPv6(from.address) && isIPv6(to.address);
  const chunks = [
    chunk(CHUNK.family, uint8(is6 ? AF_INET6 : AF_INET)),
    chunk(CHUNK.protocol, uint8(isUdp ? UDP : TCP)),
    chunk(is6 ? CHUNK.source6 : CHUNK.source4, addressBytes(from.address)),
    chunk(is6 ? CHUNK.target6 : CHUNK.target4, addressBytes(to.address)),
    chunk(CHUNK.sourcePort, uint16(from.port)),
    chunk(CHUNK.targetPort, uint16(to.port)),
    chunk(CHUNK.seconds, uint32(Math.floor(epochMs / 1_000))),
    chunk(CHUNK.microseconds, uint32((Math.floor(epochMs) % 1_000) * 1_000)),
    chunk(CHUNK.payloadType, uint8(SIP)),
    chunk(CHUNK.agent, uint32(agentId)),
    chunk(CHUNK.payload, payload),
  ];
  const length = chunks.reduce((sum, { length: one }) => sum + one, 6);
  return Buffer.concat([Buffer.from('HEP3'), uint16(Math.min(length, 0xffff)), ...chunks], length);
}

function chunk(type: number, value: Buffer): Buffer {
  return Buffer.concat([uint16(0), uint16(type), uint16(6 + value.length), value]);
}

/** An address as the network writes it: 4 or 16 bytes. */
function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const groupsOf = (text: string): number[] =>
    text
      .split(':')
      .filter((group) => group !== '')
      .flatMap((group) => (group.includes('.') ? pairsOf(group) : [Number.parseInt(group, 16)]));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  return Buffer.concat([...before, ...zeros, ...after].map(uint16));
}

/** The last 32 bits of an address that is written `::ffff:192.0.2.1`. */
function pairsOf(dotted: string): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return [a * 256 + b, c * 256 + d];
}

function uint8(value: number): Buffer {
  return Buffer.from([value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
