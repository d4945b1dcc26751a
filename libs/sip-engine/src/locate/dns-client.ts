import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type Clock } from '@callweave/clock';
import { type Answer, decode, encode, type Packet, RECURSION_DESIRED, streamEncode } from 'dns-packet';
import { reasonOf } from '../errors.ts';

/** The types that SIP asks for. */
export type RecordType = 'NAPTR' | 'SRV' | 'A' | 'AAAA';

/** A DNS server to ask. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** What a name has of one type, which may be nothing, and how long that may be kept. */
export interface DnsReply {
  readonly answers: readonly Answer[];
  readonly ttlSec: number;
}

/** Nobody could tell, which is not the same as that there is nothing. */
export class DnsError extends Error {
  readonly code = 'ENGINE_DNS';

  constructor(name: string, type: RecordType, reason: string) {
    super(`${type} of ${name}: ${reason}`);
    this.name = new.target.name;
  }
}

/** What fits into a datagram on every path, so that it comes in one piece. */
const UDP_BYTES = 1_232;

/** How long one server is waited for; all are asked twice before a name is given up. */
const WAIT_MS = 1_000;
const ROUNDS = 2;

/** Each question has a socket of its own, so that its port cannot be guessed; more at once are refused. RFC 5452. */
const MAX_QUESTIONS = 256;

const NOERROR = 0;
const NXDOMAIN = 3;

/** Names are letters, digits, hyphens and underscores in labels of up to 63; whatever else a URI holds is none. */
const NAME = /^(?=.{1,253}$)[\w-]{1,63}(?:\.[\w-]{1,63})*$/;

/** Asks DNS servers, one after the other. RFC 1035, RFC 2308, RFC 6891. */
export class DnsClient {
  readonly #servers: readonly DnsServer[];
  readonly #clock: Clock;
  #open = 0;

  constructor(servers: readonly DnsServer[], clock: Clock) {
    this.#servers = servers;
    this.#clock = clock;
  }

  /** Rejects with `DnsError` when no server can tell. */
  async ask(name: string, type: RecordType): Promise<DnsReply> {
    if (!NAME.test(name)) throw new DnsError(name, type, 'no name');
    if (this.#open >= MAX_QUESTIONS) throw new DnsError(name, type, 'too many questions');
    this.#open++;
    try {
      return await this.#askAll(name, type);
    } finally {
      this.#open--;
    }
  }

  async #askAll(name: string, type: RecordType): Promise<DnsReply> {
    let reason = 'no server';
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of this.#servers) {
        try {
          const reply = await this.#askOne(server, name, type);
          const code = (reply.flags ?? 0) & 0xf;
          if (code === NOERROR || code === NXDOMAIN) return readReply(reply, type);
          reason = `response code ${code}`;
        } catch (error) {
          reason = reasonOf(error);
        }
      }
    }
    throw new DnsError(name, type, reason);
  }

  async #askOne(server: DnsServer, name: string, type: RecordType): Promise<Packet> {
    const query = queryFor(name, type);
    const reply = await this.#byUdp(server, query);
    return reply.flag_tc ? this.#byTcp(server, query) : reply;
  }

  #byUdp({ address, port }: DnsServer, query: Packet): Promise<ReturnType<typeof decode>> {
    return new Promise((resolve, reject) => {
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      const end = (): void => {
        timer.cancel();
        socket.close();
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const timer = this.#clock.after(WAIT_MS, () => fail(new Error('timeout')));
      socket.on('error', fail);
      socket.on('message', (bytes) => {
        const reply = read(bytes, query);
        // What does not fit is somebody else's.
        if (reply === undefined) return;
        end();
        resolve(reply);
      });
      // Only what comes from there is taken, and it is told at once when nobody is there.
      socket.connect(port, address, () => socket.send(encode(query)));
    });
  }

  #byTcp({ address, port }: DnsServer, query: Packet): Promise<Packet> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: address, port });
      const timer = this.#clock.after(WAIT_MS, () => socket.destroy(new Error('timeout')));
      let received = Buffer.alloc(0);
      socket.on('connect', () => socket.write(streamEncode(query)));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const reply = read(received.subarray(2), query);
        if (reply !== undefined) resolve(reply);
        socket.destroy();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        timer.cancel();
        reject(new Error('connection closed'));
      });
    });
  }
}

function queryFor(name: string, type: RecordType): Packet {
  return {
    type: 'query',
    id: randomInt(0x1_0000),
    flags: RECURSION_DESIRED,
    questions: [{ name, type, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_BYTES,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  };
}

/** The reply to `query`; undefined when it is none. RFC 5452 §9.1. */
function read(bytes: Buffer, query: Packet): ReturnType<typeof decode> | undefined {
  try {
    const reply = decode(bytes);
    const [asked] = query.questions ?? [];
    const [question] = reply.questions ?? [];
    const isOurs =
      reply.type === 'response' &&
      reply.id === query.id &&
      question?.type === asked?.type &&
      question?.name.toLowerCase() === asked?.name.toLowerCase();
    return isOurs ? reply : undefined;
  } catch (error) {
    // What cannot be read answers nothing.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function readReply({ answers = [], authorities = [] }: Packet, type: RecordType): DnsReply {
  const found = answers.filter((answer) => answer.type === type);
  if (found.length > 0) return { answers: found, ttlSec: Math.min(...answers.map(ttlOf)) };
  // How long nothing is nothing, RFC 2308 §5.
  const soa = authorities.find((record) => record.type === 'SOA');
  return { answers: [], ttlSec: soa === undefined ? 0 : Math.min(ttlOf(soa), soa.data.minimum ?? 0) };
}

function ttlOf(answer: Answer): number {
  return 'ttl' in answer ? (answer.ttl ?? 0) : 0;
}
