import { createSocket, type Socket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { readPlatformFile } from '@callweave/service';
import { stateDirOf } from '../operator.ts';
import { type Check, fine, wrong } from './check.ts';

const ANSWER_MS = 2_000;

/** Whether phones can reach us where we say we are. */
const addressChecks: readonly Check[] = [
  {
    name: 'address',
    run: (command) => {
      const host = readPlatformFile(stateDirOf(command))?.host;
      if (host === undefined) return Promise.resolve(wrong('no platform runs', 'npm start'));
      const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
      const isOwn = host.startsWith('127.') || own.some(({ address }) => address === host);
      return Promise.resolve(
        isOwn
          ? fine(host)
          : wrong(`${host} is no address of this machine`, 'set CALLWEAVE_HOST to one of its addresses'),
      );
    },
  },
  {
    name: 'sip',
    run: async (command) => {
      const addresses = readPlatformFile(stateDirOf(command))?.sip ?? [];
      const answers = await Promise.all(
        addresses.map(async (address) => ({ address, status: await sendOptions(address) })),
      );
      const silent = answers
        .filter(({ status }) => status !== '200')
        .map(({ address, status }) => `${address} ${status}`);
      if (silent.length > 0) return wrong(silent.join(', '), 'look at the logs of the edge and its SIP engine');
      return fine(answers.map(({ address }) => `${address} answers`).join(', '));
    },
  },
];

export { addressChecks };

/** The status an OPTIONS over UDP is answered with, or `no answer`. */
async function sendOptions(address: string): Promise<string> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    return await exchange(socket, address, host, Number(address.slice(colon + 1)));
  } finally {
    socket.close();
  }
}

function exchange(socket: Socket, address: string, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('no answer'), ANSWER_MS);
    socket.once('error', reject);
    socket.once('message', (message) => {
      clearTimeout(timer);
      resolve(message.toString('latin1').split(' ')[1] ?? 'unreadable');
    });
    socket.connect(port, host, () => {
      const { address: own, port: ownPort } = socket.address();
      socket.send(options(address, `${own}:${String(ownPort)}`));
    });
  });
}

function options(to: string, from: string): string {
  return [
    `OPTIONS sip:${to} SIP/2.0`,
    `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${randomUUID()};rport`,
    'Max-Forwards: 70',
    `From: <sip:doctor@${from}>;tag=${randomUUID()}`,
    `To: <sip:${to}>`,
    `Call-ID: ${randomUUID()}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
