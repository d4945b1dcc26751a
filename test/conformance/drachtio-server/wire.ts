import { type Socket as UdpSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Turns of the loop that work without any message takes at most: writes put together, promises of an HTTP client. */
const QUIET_TURNS = 12;

/** Turns after which something will never arrive. */
const MAX_TURNS = 1_000_000;

/** One socket for datagrams. */
interface Bound {
  /** `address:port`; undefined while it is not open. */
  name: string | undefined;
  /** Datagrams sent to it from this process. */
  sent: number;
  received: number;
}

/** The end of a connection that was opened here. */
interface Opened {
  readonly client: Socket;
  /** Both ports, once it is connected. */
  ports: string;
  /** The other end, once it is accepted. */
  server: Socket | undefined;
}

/**
 * Everything on its way between the sockets of this process, the engine's and those of the test. Bytes and datagrams are
 * counted at both ends, so that nobody has to wait for a time in which something may still come.
 */
export class Wire {
  readonly #bound: Bound[] = [];
  readonly #opened = new Set<Opened>();
  /** Connections that were accepted here and whose other end has not been found, by both ports. */
  readonly #accepted = new Map<string, Socket>();
  #closed = 0;

  /** Begins to count; sockets that are there already are not seen. */
  constructor() {
    subscribe('udp.socket', this.#onUdp);
    subscribe('net.client.socket', this.#onOpened);
    subscribe('net.server.socket', this.#onAccepted);
  }

  release(): void {
    unsubscribe('udp.socket', this.#onUdp);
    unsubscribe('net.client.socket', this.#onOpened);
    unsubscribe('net.server.socket', this.#onAccepted);
  }

  /** Resolves when nothing is under way and nobody has anything more to say. */
  async quiet(): Promise<void> {
    let before = -1;
    for (let turn = 0, quiet = 0; quiet < QUIET_TURNS; turn++) {
      if (turn > MAX_TURNS) throw new Error('a message neither arrives nor is lost');
      await nextTurn();
      const now = this.#progress();
      quiet = now === before && !this.#isUnderWay() ? quiet + 1 : 0;
      before = now;
    }
  }

  readonly #onUdp = (message: unknown): void => {
    const { socket } = message as { socket: UdpSocket };
    const bound: Bound = { name: undefined, sent: 0, received: 0 };
    this.#bound.push(bound);
    socket.on('listening', () => (bound.name = `${socket.address().address}:${socket.address().port}`));
    socket.on('close', () => (bound.name = undefined));
    socket.on('message', () => bound.received++);
    const send = socket.send.bind(socket) as (...args: unknown[]) => void;
    // With or without an offset and a length before the port.
    socket.send = (...args: unknown[]): void => {
      const [port, address] = typeof args[2] === 'number' ? args.slice(3) : args.slice(1);
      const to = this.#bound.find(({ name }) => name === `${String(address)}:${String(port)}`);
      if (to !== undefined) to.sent++;
      send(...args);
    };
  };

  readonly #onOpened = (message: unknown): void => {
    const { socket: client } = message as { socket: Socket };
    const opened: Opened = { client, ports: '', server: undefined };
    this.#opened.add(opened);
    client.once('connect', () => (opened.ports = `${client.localPort ?? 0} ${client.remotePort ?? 0}`));
    client.once('close', () => this.#closed++);
  };

  readonly #onAccepted = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.#accepted.set(`${socket.remotePort ?? 0} ${socket.localPort ?? 0}`, socket);
    socket.once('close', () => this.#closed++);
  };

  /** A number that grows with everything that happens. */
  #progress(): number {
    let sum = this.#closed + this.#opened.size;
    for (const { sent, received } of this.#bound) sum += sent + received;
    for (const { client, server } of this.#opened) {
      sum += client.bytesRead + client.bytesWritten + (server === undefined ? 0 : 1 + server.bytesRead);
    }
    return sum;
  }

  #isUnderWay(): boolean {
    if (this.#bound.some(({ name, sent, received }) => name !== undefined && sent > received)) return true;
    return [...this.#opened].some((opened) => this.#isSending(opened));
  }

  /** Whether one end of a connection has still to hear of what the other has done. */
  #isSending(opened: Opened): boolean {
    const { client, ports } = opened;
    if (opened.server === undefined && this.#accepted.has(ports)) {
      opened.server = this.#accepted.get(ports);
      this.#accepted.delete(ports);
    }
    const { server } = opened;
    if (client.closed && server?.closed !== false) return false;
    if (client.connecting || server === undefined || isEnding(client) || isEnding(server)) return true;
    return client.bytesWritten !== server.bytesRead || server.bytesWritten !== client.bytesRead;
  }
}

/** Whether a connection has ended at this end. */
function isEnding({ closed, destroyed, writableEnded, readableEnded }: Socket): boolean {
  return closed || destroyed || writableEnded || readableEnded;
}
