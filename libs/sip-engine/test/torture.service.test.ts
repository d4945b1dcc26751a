import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { parseMessage, SipError } from '@callweave/sip';
import { requestText } from '@callweave/sip/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { tortureMessages } from './torture/corpus.ts';
import { outcomes } from './torture/outcomes.table.ts';

const methods = ['invite', 'register', 'options', 'message', 'bye'];
let bench: Bench;

beforeEach(async () => {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] }];
  bench = await openBench(methods, { contacts });
  void answerAll();
});

afterEach(() => bench.close());

/** The application answers whatever it is given 299, as nobody else does. */
async function answerAll(): Promise<void> {
  for (;;) bench.app.send(`sip|${(await bench.app.told()).txn}|\r\nSIP/2.0 299 Taken\r\n\r\n`);
}

const probe = (sentBy: string): string => requestText({ callId: 'probe', branch: 'z9hG4bKprobe', sentBy });

/** The statuses that were answered but for 100, and to the probe. */
function statusesIn(heard: string): string[] {
  const texts = heard.split(/(?=^SIP\/2\.0 \d)/m).filter((text) => !text.includes('Call-ID: probe'));
  return texts.map((text) => text.slice(8, 11)).filter((status) => /^[2-6]\d\d$/.test(status));
}

const isProbed = (heard: string): boolean => /^SIP\/2\.0 299[^]*?^Call-ID: probe/m.test(heard);

/** The port that answers go to, RFC 3261 §18.2.2. */
function portOf(bytes: Buffer): number {
  try {
    return parseMessage(bytes).via.port ?? 5060;
  } catch (error) {
    if (error instanceof SipError) return 5060;
    throw error;
  }
}

/** Sends a message, then one that is answered for sure: what is not answered before is not answered. */
async function byUdp(bytes: Buffer): Promise<string> {
  // An address of our own of the loopback, since a message says itself at which port it wants the answer.
  const from = `127.${10 + Math.floor(Math.random() * 240)}.${Math.floor(Math.random() * 255)}.7`;
  const port = portOf(bytes);
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(port, from, resolve));
  let heard = '';
  const done = new Promise<void>((resolve) => {
    socket.on('message', (message) => {
      heard += `${message.toString('latin1')}\r\n`;
      if (isProbed(heard)) resolve();
    });
  });
  socket.send(bytes, bench.sipPort, '127.0.0.1');
  socket.send(probe(`${from}:${port}`), bench.sipPort, '127.0.0.1');
  await done;
  socket.close();
  return statusesIn(heard).join(' ');
}

async function byTcp(bytes: Buffer, isUnfinished: boolean): Promise<string> {
  const socket = connect(bench.sipPort, '127.0.0.1');
  await once(socket, 'connect');
  let heard = '';
  const ended: string[] = [];
  const done = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (isProbed(heard)) resolve();
    });
    socket.on('error', () => resolve());
    socket.on('close', () => {
      ended.push('closed');
      resolve();
    });
  });
  socket.write(bytes);
  socket.write(probe('127.0.0.1'));
  if (isUnfinished) {
    // The rest is waited for as long as a message may take.
    await expect
      .poll(() => {
        bench.clock.advance(5_000);
        return ended;
      })
      .toEqual(['closed']);
  }
  await done;
  socket.destroy();
  return [...statusesIn(heard), ...ended].join(' ');
}

describe.each(['rfc4475-valid.txt', 'rfc4475-invalid.txt', 'rfc4475-meaning.txt', 'rfc5118.txt'])('%s', (file) => {
  const messages = tortureMessages(file);

  test.each(messages)('$section $name by UDP', async ({ name, bytes }) => {
    expect(await byUdp(bytes)).toBe(outcomes[name]?.udp);
  });

  test.each(messages)('$section $name by TCP', async ({ name, bytes }) => {
    const expected = outcomes[name]?.tcp ?? outcomes[name]?.udp;
    expect(await byTcp(bytes, name === 'clerr')).toBe(expected);
  });
});

test('the table has an outcome for each of the 49 messages of RFC 4475 and the 12 of RFC 5118, and for no other', () => {
  const all = ['rfc4475-valid.txt', 'rfc4475-invalid.txt', 'rfc4475-meaning.txt'].flatMap(tortureMessages);
  expect(all).toHaveLength(49);
  const names = [...all, ...tortureMessages('rfc5118.txt')].map(({ name }) => name);
  expect(names).toHaveLength(61);
  expect(Object.keys(outcomes).sort()).toEqual([...names].sort());
});
