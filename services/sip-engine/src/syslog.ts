import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';

/** Where log lines go by datagram. */
export interface SyslogTarget {
  readonly address: string;
  readonly port: number;
  readonly facility: SyslogFacility;
}

/** What drachtio-server may log as, RFC 3164 §4.1.1. */
export const facilities = {
  ...{ local0: 16, local1: 17, local2: 18, local3: 19, local4: 20, local5: 21, local6: 22, local7: 23 },
} as const;
export type SyslogFacility = keyof typeof facilities;

/** What levels of ours are to others; all else is informational. */
const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['fatal', 2],
  ['error', 3],
  ['warn', 4],
  ['debug', 7],
]);
const INFORMATIONAL = 6;

/** Longer messages are cut: most receivers take no more. */
const MAX_BYTES = 8_192;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Sends log lines to a syslog server, RFC 3164. A server that is not there is not noticed. */
export class Syslog {
  readonly #target: SyslogTarget;
  readonly #socket: Socket;
  readonly #tag: string;

  constructor(target: SyslogTarget, tag: string) {
    this.#target = target;
    this.#tag = tag;
    this.#socket = createSocket(isIPv6(target.address) ? 'udp6' : 'udp4');
    this.#socket.unref();
    this.#socket.on('error', () => undefined);
  }

  write(line: string): void {
    const [, level = ''] = /^\{"level":"(\w+)"/.exec(line) ?? [];
    const { address, port, facility } = this.#target;
    const priority = 8 * facilities[facility] + (SEVERITIES.get(level) ?? INFORMATIONAL);
    const text = `<${priority}>${timestamp(new Date())} ${hostname()} ${this.#tag}[${process.pid}]: ${line.trimEnd()}`;
    this.#socket.send(Buffer.from(text).subarray(0, MAX_BYTES), port, address, () => undefined);
  }

  close(): void {
    this.#socket.close();
  }
}

/** `Nov  1 09:05:03`, RFC 3164 §4.1.2. */
function timestamp(now: Date): string {
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => String(part).padStart(2, '0'));
  return `${MONTHS[now.getMonth()] ?? ''} ${String(now.getDate()).padStart(2)} ${time.join(':')}`;
}
