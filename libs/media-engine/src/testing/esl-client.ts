import { connect, type Socket } from 'node:net';

/** One frame of a server: its head as it came, and its body. */
export interface EslFrame {
  readonly head: string;
  readonly body: string;
}

/** A bare event socket client, for tests to speak by hand. */
export class EslClient {
  readonly #socket: Socket;
  readonly #frames: EslFrame[] = [];
  readonly #takers: ((frame: EslFrame) => void)[] = [];
  readonly #closed: Promise<void>;
  #rest: Buffer = Buffer.alloc(0);

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#push(chunk));
    // A server that drops us is seen as a close.
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static connect(port: number): EslClient {
    return new EslClient(connect({ port, host: '127.0.0.1', noDelay: true }));
  }

  /** Sends bytes as they are. */
  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends a command and gives the next frame. */
  ask(command: string): Promise<EslFrame> {
    this.write(`${command}\n\n`);
    return this.next();
  }

  /** The next frame that has come or will come. */
  next(): Promise<EslFrame> {
    const frame = this.#frames.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The next frame as an event. */
  async event(): Promise<Record<string, string>> {
    const { body } = await this.next();
    return JSON.parse(body) as Record<string, string>;
  }

  /** Resolves when the connection is closed. */
  closed(): Promise<void> {
    return this.#closed;
  }

  close(): void {
    this.#socket.destroy();
  }

  #push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const headEnd = this.#rest.indexOf('\n\n');
      if (headEnd < 0) return;
      const head = this.#rest.toString('utf8', 0, headEnd);
      const end = headEnd + 2 + Number(/^Content-Length: (\d+)$/m.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end) return;
      const frame = { head, body: this.#rest.toString('utf8', headEnd + 2, end) };
      this.#rest = this.#rest.subarray(end);
      const taker = this.#takers.shift();
      if (taker === undefined) this.#frames.push(frame);
      else taker(frame);
    }
  }
}
