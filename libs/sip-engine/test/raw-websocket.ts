import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opcodes of RFC 6455 §5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface UpgradeOptions {
  /** Replaces or (with null) leaves out header lines. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly method?: string;
}

/** A websocket client that can do everything wrong: it writes bytes and reads frames. */
export class RawWebSocket {
  readonly socket: Socket;
  readonly #closed: Promise<void>;
  #bytes = Buffer.alloc(0);
  #change: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#change();
    });
    socket.on('close', () => this.#change());
  }

  static async connect(port: number): Promise<RawWebSocket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawWebSocket(socket);
  }

  /** Connects and upgrades. */
  static async open(port: number): Promise<RawWebSocket> {
    const client = await RawWebSocket.connect(port);
    client.upgrade();
    const status = await client.status();
    if (!status.startsWith('101')) throw new Error(`refused: ${status}`);
    return client;
  }

  upgrade({ headers = {}, method = 'GET' }: UpgradeOptions = {}): void {
    const usual: Record<string, string | null> = {
      Host: '127.0.0.1',
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Protocol': 'sip',
    };
    const lines = Object.entries({ ...usual, ...headers }).flatMap(([name, value]) =>
      value === null ? [] : [`${name}: ${value}\r\n`],
    );
    this.socket.write(`${method} / HTTP/1.1\r\n${lines.join('')}\r\n`);
  }

  /** Status and reason of the answer to the upgrade; its header lines with `\n` between them. */
  async status(): Promise<string> {
    const end = await this.#until((bytes) => {
      const at = bytes.indexOf('\r\n\r\n');
      return at < 0 ? undefined : at + 4;
    });
    const head = this.#take(end).toString('latin1');
    return head.slice('HTTP/1.1 '.length).trimEnd().replaceAll('\r\n', '\n');
  }

  /** Writes a frame, masked as a client's must be. */
  frame(opcode: number, payload: string | Buffer, { fin = true, masked = true } = {}): void {
    const data = Buffer.from(payload);
    const mask = randomBytes(4);
    const length =
      data.length < 126
        ? Buffer.from([data.length])
        : data.length < 65_536
          ? Buffer.from([126, data.length >> 8, data.length & 255])
          : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), uint32(data.length)]);
    if (masked) {
      length[0] = (length[0] ?? 0) | 0x80;
      for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ (mask[i % 4] ?? 0);
    }
    this.socket.write(
      Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode]), length, ...(masked ? [mask] : []), data]),
    );
  }

  /** The next frame of the server. */
  async next(): Promise<{ opcode: number; payload: Buffer }> {
    const end = await this.#until(frameEnd);
    const bytes = this.#take(end);
    return { opcode: (bytes[0] ?? 0) & 15, payload: bytes.subarray(headLength(bytes)) };
  }

  /** The code with which the server closes the websocket. */
  async closeCode(): Promise<number> {
    for (;;) {
      const { opcode, payload } = await this.next();
      if (opcode === opcodes.close) return payload.readUInt16BE(0);
    }
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  #take(end: number): Buffer {
    const taken = this.#bytes.subarray(0, end);
    this.#bytes = this.#bytes.subarray(end);
    return taken;
  }

  async #until<T>(find: (bytes: Buffer) => T | undefined): Promise<T> {
    for (;;) {
      const found = find(this.#bytes);
      if (found !== undefined) return found;
      if (this.socket.destroyed) throw new Error('the connection is gone');
      await new Promise<void>((resolve) => (this.#change = resolve));
    }
  }
}

function headLength(bytes: Buffer): number {
  const length = (bytes[1] ?? 0) & 127;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

function frameEnd(bytes: Buffer): number | undefined {
  if (bytes.length < 2 || bytes.length < headLength(bytes)) return undefined;
  const length = (bytes[1] ?? 0) & 127;
  const size = length === 126 ? bytes.readUInt16BE(2) : length === 127 ? Number(bytes.readBigUInt64BE(2)) : length;
  const end = headLength(bytes) + size;
  return bytes.length < end ? undefined : end;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
