import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

let engine: SipEngine;
let app: RawApp;
let phone: RawPhone;

beforeEach(async () => {
  const options = {
    contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }],
    control: { address: '127.0.0.1', port: 0, secret: 's3cret' },
    // What is pending would stay so for 3.2 s, and nobody waits for it longer than 0.8 s.
    timers: { t1: 50, t2: 4_000, t4: 5_000 },
  };
  engine = await startSipEngine(options, { clock: systemClock, log: recordLogs() });
  phone = await openRawPhone();
  app = await connectRawApp(engine.controlPort);
  app.send('a|authenticate|s3cret|');
  await app.next();
});

afterEach(async () => {
  app.close();
  phone.close();
  await engine.stop();
});

test('while draining everything new is refused, and what is pending may finish', async () => {
  const ask = (branch: string): void => {
    const text = requestText({ branch: `z9hG4bK${branch}`, callId: branch, sentBy: `127.0.0.1:${phone.port}` });
    phone.send(text, Number(engine.contacts[0]?.split(':').at(-1)));
  };
  app.send('r|route|options');
  await app.next();
  ask('before');
  const transaction = (await app.next()).split('|')[8] ?? '';
  const drained = engine.drain();
  app.send(`x|sip|${transaction}|\r\nSIP/2.0 200 OK\r\n\r\n`);
  expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK\r\n/);
  await drained;
  ask('after');
  expect(await phone.next()).toMatch(/^SIP\/2.0 503 .*Retry-After/s);
});

test('while draining nothing is waited for longer than 16*T1 when no application is left that it is told', async () => {
  app.send(`m|sip||\r\nMESSAGE sip:bob@127.0.0.1:${phone.port} SIP/2.0\r\n\r\n`);
  await app.next();
  const drained = engine.drain();
  const first = await Promise.race([drained, phone.next()]);
  expect(first).toMatch(/^MESSAGE /);
  app.close();
  await drained;
  expect(engine.stats().pending).toBe(1);
});

test('while draining a request that nobody answers is waited for no longer than 16*T1, one that rings until it is over', async () => {
  const uri = `sip:bob@127.0.0.1:${phone.port}`;
  app.send(`i|sip||\r\nINVITE ${uri} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);
  await app.next();
  const invite = await phone.next();
  const answer = (status: string): void => {
    const copied = invite.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
    const tagged = copied.map((line) => (line.startsWith('To:') ? `${line};tag=b` : line));
    const text = [`SIP/2.0 ${status}`, ...tagged, 'Content-Length: 0', '\r\n'].join('\r\n');
    phone.send(text, Number(engine.contacts[0]?.split(':').at(-1)));
  };
  answer('180 Ringing');
  expect(await app.next()).toContain('SIP/2.0 180 Ringing');
  let isDrained = false;
  const drained = engine.drain().then(() => (isDrained = true));
  app.send(`m|sip||\r\nMESSAGE ${uri} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);
  await app.next();
  expect(await app.next()).toContain('SIP/2.0 408 Request Timeout');
  expect(isDrained).toBe(false);
  answer('486 Busy Here');
  await drained;
});

test('while draining a request that nobody answers is not waited for when its application is there either', async () => {
  app.send(`m|sip||\r\nMESSAGE sip:bob@127.0.0.1:${phone.port} SIP/2.0\r\nContent-Length: 0\r\n\r\n`);
  await app.next();
  await engine.drain();
  expect(engine.stats().pending).toBe(1);
});
