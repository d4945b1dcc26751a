import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { type SipResponse } from '@callweave/sip';
import { buildRequest, buildResponse } from '@callweave/sip/testing';
import { frame, FrameReader } from './control/framing.ts';
import { type ClientParts, type ClientUser } from './transaction/client.ts';
import { InviteClient } from './transaction/invite-client.ts';
import { InviteServer } from './transaction/invite-server.ts';
import { NonInviteClient } from './transaction/non-invite-client.ts';
import { NonInviteServer } from './transaction/non-invite-server.ts';
import { type ServerParts } from './transaction/server.ts';
import { defaultTimers } from './transaction/timers.ts';
import { TimerWheel } from './transaction/wheel.ts';
import { type Flow, type Inbound, type Listener } from './transport/transport.ts';

export { inviteClientTable } from './transaction/invite-client.table.ts';
export { inviteServerTable } from './transaction/invite-server.table.ts';
export { type Table } from './transaction/machine.ts';
export { nonInviteClientTable } from './transaction/non-invite-client.table.ts';
export { nonInviteServerTable } from './transaction/non-invite-server.table.ts';
export { TimerWheel, WheelTimer } from './transaction/wheel.ts';
export { frame, FrameReader, FramingError, MAX_FRAME_BYTES } from './control/framing.ts';
export { LimitCounts, type LimitName, limitNames } from './limit-counts.ts';
export { noQuirks } from './core/quirks.ts';
export { OverloadController } from './overload/controller.ts';
export { Overload } from './overload/overload.ts';
export { Room } from './transport/room.ts';
export { parseCommand } from './control/commands.ts';
export { fuzz, FuzzError, type FuzzOptions, type FuzzReport } from './testing/fuzz/fuzz.ts';
export { type TestCertificate, testCertificate } from './testing-certificates.ts';
export { type NameServer, startNameServer } from './testing/name-server.ts';

/** A listener that goes nowhere. */
export const fakeListener: Listener = {
  protocol: 'udp',
  address: '192.0.2.9',
  port: 5060,
  publicHost: '192.0.2.9',
  connections: 0,
  fitnessFor: () => 0,
  flowTo: (address, port) => new FakeFlow({ address, port }),
  advertised: () => ({ host: '192.0.2.9', port: 5060 }),
  close: () => Promise.resolve(),
};

/** A flow that keeps what is sent, and fails when told to. */
export class FakeFlow implements Flow {
  readonly protocol = 'udp';
  readonly reliable: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly listener = fakeListener;
  isOpen = true;
  readonly sent: Buffer[] = [];

  constructor({ reliable = false, address = '192.0.2.1', port = 5060 } = {}) {
    this.reliable = reliable;
    this.remoteAddress = address;
    this.remotePort = port;
  }

  send(bytes: Buffer): boolean {
    if (this.isOpen) this.sent.push(bytes);
    return this.isOpen;
  }
}

/** What a recorder gives a test: the clock to move, and everything that was seen, in order and with its time. */
export interface Recording<T> {
  readonly clock: FakeClock;
  readonly tx: T;
  readonly flow: FakeFlow;
  readonly seen: string[];
}

/** A client transaction as a test drives it. */
export interface ClientDriver {
  receive(status: number): void;
  transportError(): void;
  cancelled(): void;
}

export interface RecordOptions {
  readonly method?: 'INVITE' | 'OPTIONS';
  readonly reliable?: boolean;
}

/** Runs one client transaction and notes what it does. */
export function recordClientTransaction({
  method = 'OPTIONS',
  reliable = false,
}: RecordOptions): Recording<ClientDriver> {
  const clock = new FakeClock();
  const seen: string[] = [];
  const note = (what: string): number => seen.push(`${what} @${clock.monotonicMs()}`);
  const flow = new NotingFlow(reliable, note);
  const request = buildRequest({ method });
  const user: ClientUser = {
    onResponse: ({ message }) => note(`response ${message.status}`),
    onFailure: (failure) => note(failure),
  };
  const bytes = Buffer.from('send');
  const parts: ClientParts = {
    ...{ key: 'k', bytes, flow, user, wheel: new TimerWheel(clock), timers: defaultTimers },
    onTerminated: () => note('terminated'),
  };
  const tx =
    method === 'INVITE' ? new InviteClient({ ...parts, ackFor: () => Buffer.from('ack') }) : new NonInviteClient(parts);
  tx.begin();
  const inbound = (status: number): Inbound<SipResponse> => ({
    message: buildResponse(request, status),
    flow,
    size: 1,
  });
  const driver: ClientDriver = {
    receive: (status) => tx.receive(inbound(status)),
    transportError: () => tx.transportError(),
    cancelled: () => {
      if (tx instanceof InviteClient) tx.cancelled();
    },
  };
  return { clock, tx: driver, flow, seen };
}

/** A server transaction as a test drives it. */
export interface ServerDriver {
  respond(status: number): void;
  repeated(): void;
  /** Whether the transaction took the ACK. */
  acknowledged(): boolean;
}

/** Runs one server transaction and notes what it does. */
export function recordServerTransaction({
  method = 'OPTIONS',
  reliable = false,
}: RecordOptions): Recording<ServerDriver> {
  const clock = new FakeClock();
  const seen: string[] = [];
  const note = (what: string): number => seen.push(`${what} @${clock.monotonicMs()}`);
  const flow = new NotingFlow(reliable, note);
  const parts: ServerParts = {
    ...{ key: 'k', reliable, wheel: new TimerWheel(clock), timers: defaultTimers },
    user: {
      send: (bytes) => flow.send(bytes),
      onNoAck: () => note('no ack'),
      onTransportError: () => note('transport'),
    },
    onTerminated: () => note('terminated'),
  };
  const tx = method === 'INVITE' ? new InviteServer(parts) : new NonInviteServer(parts);
  const driver: ServerDriver = {
    respond: (status) => tx.respond(status, Buffer.from(String(status))),
    repeated: () => tx.repeated(),
    acknowledged: () => tx instanceof InviteServer && tx.acknowledged(),
  };
  return { clock, tx: driver, flow, seen };
}

class NotingFlow extends FakeFlow {
  readonly #note: (what: string) => void;

  constructor(reliable: boolean, note: (what: string) => void) {
    super({ reliable });
    this.#note = note;
  }

  override send(bytes: Buffer): boolean {
    if (this.isOpen) this.#note(bytes.toString());
    return this.isOpen;
  }
}

/** A bare application: speaks the control protocol by hand. */
export interface RawApp {
  readonly isClosed: boolean;
  /** Sends one frame. */
  send(payload: string | Buffer): void;
  /** Sends bytes as they are. */
  sendRaw(bytes: string | Buffer): void;
  /** The next frame that has come or will come. */
  next(): Promise<string>;
  /** Resolves when the engine has closed the connection. */
  closed(): Promise<void>;
  close(): void;
}

/** Connects to a control port. */
export async function connectRawApp(port: number, host = '127.0.0.1'): Promise<RawApp> {
  const socket = connect({ port, host, noDelay: true });
  const app = rawAppOn(socket);
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return app;
}

/** Speaks over a connection that is there already. */
export function rawAppOn(socket: Socket): RawApp {
  const reader = new FrameReader();
  const frames = new Mailbox<string>();
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      resolve();
    });
  });
  socket.on('data', (chunk) => {
    reader.push(chunk);
    for (let payload = reader.next(); payload !== undefined; payload = reader.next()) frames.put(payload.toString());
  });
  return {
    get isClosed() {
      return isClosed;
    },
    send: (payload) => socket.write(frame(Buffer.from(payload).toString('latin1'))),
    sendRaw: (bytes) => socket.write(bytes),
    next: () => frames.take(),
    closed: () => closed,
    close: () => socket.destroy(),
  };
}

/** A bare phone: sends and receives datagrams by hand. */
export interface RawPhone {
  readonly port: number;
  send(text: string | Buffer, port: number): void;
  next(): Promise<string>;
  /** Datagrams that nobody took yet. */
  readonly waiting: number;
  close(): void;
}

/** Binds a phone to a free port of the loopback. */
export async function openRawPhone(): Promise<RawPhone> {
  const socket: UdpSocket = createSocket('udp4');
  const messages = new Mailbox<string>();
  socket.on('message', (bytes) => messages.put(bytes.toString()));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    send: (text, port) => socket.send(text, port, '127.0.0.1'),
    next: () => messages.take(),
    get waiting() {
      return messages.size;
    },
    close: () => socket.close(),
  };
}

/** Values in the order they came, for whoever waits. */
class Mailbox<T> {
  readonly #values: T[] = [];
  readonly #takers: ((value: T) => void)[] = [];

  get size(): number {
    return this.#values.length;
  }

  put(value: T): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#values.push(value);
    else taker(value);
  }

  take(): Promise<T> {
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve) => this.#takers.push(resolve));
  }
}
