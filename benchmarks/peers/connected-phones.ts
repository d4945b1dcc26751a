// Phones that connect and stay: a process that holds as many connections as it is asked to, so that those of an engine
// come from several. It is told what to do by messages of its parent, and answers each with what came of it.
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { type PhonesOrder } from '../support/connected-phones.ts';

/** The engine answers OPTIONS of this User-Agent itself. */
const [, , userAgent = ''] = process.argv;

/** Handshakes at once: together with those of the other processes less than a listener lets wait. */
const AT_ONCE = 32;

/** What one connection waits for an answer. */
const ANSWER_MS = 60_000;

/** One connection; it asks one thing at a time. */
interface Phone {
  /** An OPTIONS; true when it is answered 200. */
  options(): Promise<boolean>;
  /** A keep-alive; true when it is answered. */
  keepAlive(): Promise<boolean>;
  close(): void;
}

/** What comes next on a connection, as text. */
class Answers {
  #waiting: ((text: string) => void) | undefined;

  came(text: string): void {
    this.#waiting?.(text);
    this.#waiting = undefined;
  }

  async next(): Promise<string> {
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      limit = setTimeout(() => resolve(''), ANSWER_MS);
    });
    const came = new Promise<string>((resolve) => (this.#waiting = resolve));
    try {
      return await Promise.race([came, late]);
    } finally {
      clearTimeout(limit);
    }
  }
}

let serial = 0;

function optionsText(protocol: string): string {
  const id = `${String(process.pid)}-${String(serial++)}`;
  return [
    'OPTIONS sip:engine.example.com SIP/2.0',
    `Via: SIP/2.0/${protocol} phone-${id}.invalid;branch=z9hG4bK${id}`,
    'Max-Forwards: 70',
    `From: <sip:phone-${id}@example.com>;tag=${id}`,
    'To: <sip:engine.example.com>',
    `Call-ID: ${id}`,
    'CSeq: 1 OPTIONS',
    `User-Agent: ${userAgent}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

const isAnswer = (text: string): boolean => text.startsWith('SIP/2.0 200 ');

async function tlsPhone(host: string, port: number, localAddress: string): Promise<Phone> {
  const answers = new Answers();
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const way = { host, port, localAddress };
    const opening = connect({ ...way, rejectUnauthorized: false }, () => resolve(opening));
    opening.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.on('data', (bytes: Buffer) => answers.came(bytes.toString('latin1')));
  const ask = (text: string): Promise<string> => {
    socket.write(text);
    return answers.next();
  };
  return {
    options: async () => isAnswer(await ask(optionsText('TLS'))),
    keepAlive: async () => (await ask('\r\n\r\n')) === '\r\n',
    close: () => socket.destroy(),
  };
}

async function wssPhone(host: string, port: number, localAddress: string): Promise<Phone> {
  const answers = new Answers();
  const socket = await new Promise<WebSocket>((resolve, reject) => {
    const url = `wss://${host}:${String(port)}`;
    const opening = new WebSocket(url, 'sip', { localAddress, rejectUnauthorized: false, perMessageDeflate: false });
    opening.once('open', () => resolve(opening));
    opening.once('error', reject);
  });
  socket.on('error', () => undefined);
  socket.on('message', (bytes) => answers.came((bytes as Buffer).toString('latin1')));
  socket.on('pong', () => answers.came('pong'));
  return {
    options: async () => {
      socket.send(optionsText('WSS'));
      return isAnswer(await answers.next());
    },
    keepAlive: async () => {
      socket.ping();
      return (await answers.next()) === 'pong';
    },
    close: () => socket.terminate(),
  };
}

const phones: Phone[] = [];

/** Does something with every one of a list, so many at once; how often it came true. */
async function ofAll<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<boolean>): Promise<number> {
  let done = 0;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) if (await act(item)) done += 1;
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return done;
}

/** Keep-alives of all of them, spread evenly as those of phones are. */
async function keepAlives(overMs: number): Promise<number> {
  const started = performance.now();
  const asked: Promise<boolean>[] = [];
  while (asked.length < phones.length) {
    const due = Math.ceil((phones.length * (performance.now() - started)) / overMs);
    for (const phone of phones.slice(asked.length, due)) asked.push(phone.keepAlive());
    await pause(10);
  }
  return (await Promise.all(asked)).filter(Boolean).length;
}

async function obey(order: PhonesOrder): Promise<number> {
  switch (order.kind) {
    case 'connect': {
      const { transport, host, port, count, addresses } = order;
      const open = transport === 'tls' ? tlsPhone : wssPhone;
      const from = Array.from({ length: count }, (_, n) => addresses[n % addresses.length] ?? host);
      return ofAll(from, AT_ONCE, async (address) => {
        const phone = await open(host, port, address);
        phones.push(phone);
        return phone.options();
      });
    }
    case 'options':
      return ofAll(phones, AT_ONCE, (phone) => phone.options());
    case 'keep-alive':
      return keepAlives(order.overMs);
    case 'close':
      for (const phone of phones) phone.close();
      return phones.splice(0).length;
  }
}

process.on('message', (order: PhonesOrder) => {
  obey(order).then(
    (count) => process.send?.({ count }),
    (error: unknown) => process.send?.({ problem: String(error) }),
  );
});
process.send?.('ready');
