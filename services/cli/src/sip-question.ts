import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** T1 of RFC 3261 §17.1.2.2: when a request over UDP is sent again for the first time, then after twice as long. */
const T1_MS = 500;

export interface SipQuestion {
  readonly method: 'OPTIONS' | 'REGISTER';
  /** IP address and port that are asked. */
  readonly ip: string;
  readonly port: number;
  /** `host:port` of the request's URI. */
  readonly uri: string;
  readonly timeoutMs: number;
}

/** The status of the final answer to a request over UDP, sent again as RFC 3261 says; undefined when none came. */
export function askSip({ method, ip, port, uri, timeoutMs }: SipQuestion): Promise<string | undefined> {
  const socket = createSocket(isIPv6(ip) ? 'udp6' : 'udp4');
  const timers: NodeJS.Timeout[] = [];
  return new Promise<string | undefined>((resolve, reject) => {
    timers.push(setTimeout(() => resolve(undefined), timeoutMs));
    // Nobody listens there yet: the next attempt may find somebody.
    socket.on('error', (error) => {
      if (!('code' in error) || error.code !== 'ECONNREFUSED') reject(error);
    });
    socket.on('message', (message) => {
      const status = message.toString('latin1').split(' ')[1] ?? '';
      if (!status.startsWith('1')) resolve(status);
    });
    socket.connect(port, ip, () => {
      const { address, port: ownPort } = socket.address();
      const text = request(method, uri, `${isIPv6(address) ? `[${address}]` : address}:${String(ownPort)}`);
      const send = (nextMs: number): void => {
        socket.send(text);
        timers.push(setTimeout(() => send(2 * nextMs), nextMs));
      };
      send(T1_MS);
    });
  }).finally(() => {
    for (const timer of timers) clearTimeout(timer);
    socket.close();
  });
}

function request(method: SipQuestion['method'], uri: string, from: string): string {
  return [
    `${method} sip:${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${randomUUID()};rport`,
    'Max-Forwards: 70',
    `From: <sip:probe@${uri}>;tag=${randomUUID()}`,
    `To: <sip:probe@${uri}>`,
    `Call-ID: ${randomUUID()}`,
    `CSeq: 1 ${method}`,
    ...(method === 'REGISTER' ? [`Contact: <sip:probe@${from}>`, 'Expires: 60'] : []),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
