import { connect, type Socket } from 'node:net';
import { MediaServerUnavailableError, type UnavailableReason } from './errors.ts';

/** A media server's event socket. */
export interface EventSocketAddress {
  readonly address: string;
  readonly port: number;
  readonly password: string;
  /** The SIP profile that must run there. */
  readonly profile: string;
}

/** A status of a server with hundreds of gateways has 100 kB. */
const MAX_BYTES = 1_048_576;

/**
 * Looks whether a media server can be used: drachtio-fsmrf waits for ever at a wrong password and ends the process
 * when the profile is missing. Rejects with `MediaServerUnavailableError`.
 */
export function probe(server: EventSocketAddress, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port });
    const finish = (reason?: UnavailableReason, cause?: Error): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      if (reason === undefined) resolve();
      else reject(new MediaServerUnavailableError(reason, { cause }));
    };
    const onAbort = (): void => finish('silent');
    signal.addEventListener('abort', onAbort, { once: true });
    converse(socket, server, finish);
  });
}

function converse(
  socket: Socket,
  { password, profile }: EventSocketAddress,
  finish: (reason?: UnavailableReason, cause?: Error) => void,
): void {
  const frames = new Frames();
  socket.once('error', (error) => finish('unreachable', error));
  socket.once('close', () => finish('unreachable'));
  socket.on('data', (chunk) => {
    for (const { head, body } of frames.push(chunk)) {
      if (head.includes('text/rude-rejection')) finish('not-admitted');
      else if (head.includes('auth/request')) socket.write(`auth ${password}\n\n`);
      else if (head.includes('command/reply')) {
        if (head.includes('+OK accepted')) socket.write('api sofia status\n\n');
        else finish('wrong-password');
      } else if (head.includes('api/response')) finish(runsProfile(body, profile) ? undefined : 'no-profile');
    }
    if (frames.size > MAX_BYTES) finish('unreachable');
  });
}

/** The line drachtio-fsmrf looks for: the profile's name and an IPv4 address. */
function runsProfile(status: string, profile: string): boolean {
  return status
    .split('\n')
    .some((line) => line.trim().startsWith(profile) && /sip:mod_sofia@\d{1,3}(\.\d{1,3}){3}:\d+/.test(line));
}

/** Cuts a stream into heads with their bodies. */
class Frames {
  #rest: Buffer = Buffer.alloc(0);

  get size(): number {
    return this.#rest.length;
  }

  push(chunk: Buffer): { readonly head: string; readonly body: string }[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const found: { head: string; body: string }[] = [];
    for (;;) {
      const headEnd = this.#rest.indexOf('\n\n');
      if (headEnd < 0) return found;
      const head = this.#rest.toString('utf8', 0, headEnd);
      const start = headEnd + 2;
      const end = start + Number(/^Content-Length: (\d{1,9})$/m.exec(head)?.[1] ?? 0);
      if (this.#rest.length < end) return found;
      found.push({ head, body: this.#rest.toString('utf8', start, end) });
      this.#rest = this.#rest.subarray(end);
    }
  }
}
