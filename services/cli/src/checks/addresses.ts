import { networkInterfaces } from 'node:os';
import { describeListener, describeSides, type PlatformFile, readPlatformFile } from '@callweave/service';
import { stateDirOf } from '../operator.ts';
import { askSip } from '../sip-question.ts';
import { type Check, fine, wrong } from './check.ts';
import { lookAt } from './look-at-listener.ts';

const ANSWER_MS = 2_000;

/** Whether phones can reach us where we say we are. */
const addressChecks: readonly Check[] = [
  {
    name: 'address',
    run: (command) => {
      const sides = readPlatformFile(stateDirOf(command))?.sides;
      if (sides === undefined) return Promise.resolve(wrong('no platform runs', 'npm start'));
      const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
      const isOwn = (host: string): boolean => host.startsWith('127.') || own.some(({ address }) => address === host);
      const strange = sides.find(({ listen }) => !isOwn(listen));
      if (strange === undefined) return Promise.resolve(fine(sides.length > 1 ? describeSides(sides) : only(sides)));
      const setting = strange.name === 'private' ? 'CALLWEAVE_PRIVATE_HOST' : 'CALLWEAVE_HOST';
      return Promise.resolve(
        wrong(`${strange.listen} is no address of this machine`, `set ${setting} to one of its addresses`),
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
  {
    name: 'listeners',
    run: async (command) => {
      const listeners = readPlatformFile(stateDirOf(command))?.listeners ?? [];
      if (listeners.length === 0) return fine('none but those for SIP and websockets');
      const seen = await Promise.all(
        listeners.map(async (listener) => ({ text: describeListener(listener), ...(await lookAt(listener)) })),
      );
      const deaf = seen.filter(({ isThere }) => !isThere).map(({ text, said }) => `${text}: ${said}`);
      if (deaf.length > 0) return wrong(deaf.join('; '), 'look at the log of the SIP engine');
      return fine(seen.map(({ text, said }) => `${text} (${said})`).join('; '));
    },
  },
  {
    name: 'console',
    run: async (command) => {
      const url = readPlatformFile(stateDirOf(command))?.console.url;
      if (url === undefined) return wrong('no platform runs', 'npm start');
      const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
      await answer.arrayBuffer();
      return answer.ok ? fine(url) : wrong(`${url} answers ${String(answer.status)}`, 'look at the log of the console');
    },
  },
];

export { addressChecks };

/** The address that everybody is told. */
function only([side]: PlatformFile['sides']): string {
  return side?.advertised ?? '';
}

/** The status an OPTIONS over UDP is answered with, or `no answer`. */
async function sendOptions(address: string): Promise<string> {
  const colon = address.lastIndexOf(':');
  const ip = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  return (await askSip({ method: 'OPTIONS', ip, port, uri: address, timeoutMs: ANSWER_MS })) ?? 'no answer';
}
