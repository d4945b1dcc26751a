import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, describe, expect, test } from 'vitest';

const undo: (() => unknown)[] = [];
let clock: FakeClock;
let engine: SipEngine;
let app: RawApp;
let records: RawApp;
let phone: RawPhone;

async function connectApp(...verbs: string[]): Promise<RawApp> {
  const made = await connectRawApp(engine.controlPort);
  undo.push(() => made.close());
  made.send('a|authenticate|cymru|');
  await made.next();
  for (const verb of verbs) {
    made.send(`r|route|${verb}`);
    await made.next();
  }
  return made;
}

async function start(compat?: 'drachtio', cdrs = true): Promise<void> {
  clock = new FakeClock();
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 'cymru' };
  engine = await startSipEngine({ contacts, control, compat, cdrs }, { clock, log: recordLogs() });
  undo.push(() => engine.stop());
  phone = await openRawPhone();
  undo.push(() => phone.close());
  app = await connectApp('invite');
  records = await connectApp('cdr:attempt', 'cdr:start', 'cdr:stop');
}

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));

function send(fields: Parameters<typeof requestText>[0]): void {
  const contact = `Contact: <sip:127.0.0.1:${phone.port}>`;
  phone.send(requestText({ sentBy: `127.0.0.1:${phone.port}`, headers: [contact], ...fields }), sipPort());
}

/** The next message of the phone that begins so. */
async function heard(start: string): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (text.startsWith(start)) return text;
  }
}

/** The transaction of the next message of the application that contains `what`. */
async function told(what: string): Promise<string> {
  for (;;) {
    const frame = await app.next();
    if (frame.includes(what)) return frame.split('|')[frame.split('|')[1] === 'response' ? 10 : 8] ?? '';
  }
}

/** A record without its id and time, and the first word or status of what it carries. */
async function record(): Promise<string> {
  const [leader = '', message = ''] = (await records.next()).split(/\r\n(.*)/s);
  const [, verb, source, , ...rest] = leader.split('|');
  return [verb, source, ...rest, /^(?:SIP\/2.0 )?(\S+)/.exec(message)?.[1]].join(' ');
}

async function recorded(count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) all.push(await record());
  return all;
}

const answerTo = (request: string, status: string): string =>
  request
    .replace(/^.*/, `SIP/2.0 ${status}`)
    .replace(/(To: [^\r;]*)\r/, '$1;tag=bob\r')
    .replace(/Content-Length[^]*$/, `Contact: <sip:127.0.0.1:${phone.port}>\r\nContent-Length: 0\r\n\r\n`);

/** An application's call to the phone, as the phone got it. */
async function callOut(): Promise<{ invite: string; txn: string }> {
  app.send(`c|sip||\r\nINVITE sip:bob@127.0.0.1:${phone.port} SIP/2.0\r\n\r\n`);
  const invite = await heard('INVITE ');
  const txn = await told('|response|c|OK');
  // What follows the reply at once is held back for a moment.
  clock.advance(10);
  return { invite, txn };
}

describe('applications that route them are told of calls', () => {
  test('that are given up by the caller', async () => {
    await start();
    send({ method: 'INVITE', branch: 'z9hG4bKa' });
    await told('INVITE ');
    send({ method: 'CANCEL', branch: 'z9hG4bKa' });
    expect(await recorded(2)).toEqual(['cdr:attempt network INVITE', 'cdr:stop network call-canceled CANCEL']);
  });

  test('that are answered, and then ended because nobody acknowledges it', async () => {
    await start();
    send({ method: 'INVITE' });
    app.send(`x|sip|${await told('INVITE ')}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    await heard('SIP/2.0 200');
    clock.advance(32_000);
    expect(await recorded(3)).toEqual([
      'cdr:attempt network INVITE',
      'cdr:start application uas 200',
      'cdr:stop application system-initiated-termination BYE',
    ]);
  });

  test('whose application goes', async () => {
    await start();
    send({ method: 'INVITE' });
    await told('INVITE ');
    app.close();
    expect(await recorded(2)).toEqual([
      'cdr:attempt network INVITE',
      'cdr:stop application system-initiated-termination 503',
    ]);
  });

  test('that the other side refuses', async () => {
    await start();
    const { invite } = await callOut();
    phone.send(answerTo(invite, '486 Busy Here'), sipPort());
    expect(await recorded(2)).toEqual(['cdr:attempt application INVITE', 'cdr:stop network call-rejected 486']);
  });

  test('that the application gives up', async () => {
    await start();
    const { invite, txn } = await callOut();
    phone.send(answerTo(invite, '180 Ringing'), sipPort());
    await told('SIP/2.0 180');
    app.send(`d|sip|${txn}|\r\nCANCEL sip:bob@127.0.0.1 SIP/2.0\r\n\r\n`);
    await heard('CANCEL ');
    phone.send(answerTo(invite, '487 Request Terminated'), sipPort());
    expect(await recorded(2)).toEqual(['cdr:attempt application INVITE', 'cdr:stop network call-canceled 487']);
  });

  test.each([
    [undefined, 'ack-bye'],
    ['drachtio', 'system-initiated-termination'],
  ] as const)('that are answered although they were cancelled, with --compat %s as %s', async (compat, reason) => {
    await start(compat);
    const { invite, txn } = await callOut();
    phone.send(answerTo(invite, '180 Ringing'), sipPort());
    await told('SIP/2.0 180');
    app.send(`d|sip|${txn}|\r\nCANCEL sip:bob@127.0.0.1 SIP/2.0\r\n\r\n`);
    await heard('CANCEL ');
    phone.send(answerTo(invite, '200 OK'), sipPort());
    await told('SIP/2.0 200');
    const [, tag = ''] = /From: .*;tag=(\S+)\r/.exec(invite) ?? [];
    const [, callId = ''] = /Call-ID: (\S+)\r/.exec(invite) ?? [];
    app.send(`e|sip||${callId};from-tag=${tag}\r\nACK sip:x SIP/2.0\r\n\r\n`);
    expect(await recorded(2)).toEqual(['cdr:attempt application INVITE', 'cdr:start network uac 200']);
    expect(await record()).toBe(`cdr:stop application ${reason} BYE`);
  });

  test('that are proxied, each branch of its own', async () => {
    await start();
    send({ method: 'INVITE', uri: `sip:bob@127.0.0.1:${sipPort()}`, callId: 'proxied' });
    const txn = await told('INVITE ');
    app.send(`p|proxy|${txn}|||||serial|||sip:bob@127.0.0.1:${phone.port}\r\nINVITE sip:x SIP/2.0\r\n\r\n`);
    const invite = await heard('INVITE ');
    phone.send(answerTo(invite, '200 OK'), sipPort());
    expect(await recorded(4)).toEqual([
      'cdr:attempt network INVITE',
      'cdr:attempt application INVITE',
      'cdr:start network proxy-uac 200',
      'cdr:start application proxy-uas 200',
    ]);
  });
});

test('of calls nobody is told unless it is switched on', async () => {
  await start(undefined, false);
  send({ method: 'INVITE' });
  app.send(`x|sip|${await told('INVITE ')}|\r\nSIP/2.0 486 Busy Here\r\n\r\n`);
  await heard('SIP/2.0 486');
  records.send('p|ping');
  expect(await records.next()).toContain('|response|p|OK|pong');
});
