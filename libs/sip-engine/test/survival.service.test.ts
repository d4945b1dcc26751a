import { requestText } from '@callweave/sip/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told, toTag } from './bench.ts';

let bench: Bench;

afterEach(() => bench.close());

const response = (port: number, branch = 'z9hG4bKelsewhere'): string =>
  [
    'SIP/2.0 200 OK',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=${branch}`,
    'From: <sip:a@x>;tag=1',
    'To: <sip:b@x>;tag=2',
    'Call-ID: elsewhere',
    'CSeq: 7 INVITE',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

const ours = 'engineoneoneoneo';
const theirs = 'enginetwotwotwot';

test('a response to a request of another engine is told to whoever routes RESPONSE, with whose it is and where from', async () => {
  bench = await openBench(['response', 'frobnicate'], { instance: ours });
  const phone = await bench.phone();
  const stray = response(bench.sipPort, `z9hG4bK${theirs}.1`);
  // Late ones of its own, and those that nobody can be asked about, are nobody's business.
  for (const branch of [`z9hG4bK${ours}.1`, 'z9hG4bKelsewhere']) phone.send(response(bench.sipPort, branch));
  phone.send(stray);
  const told = await bench.app.told();
  expect(told.line).toBe(`RESPONSE sip:${theirs}@127.0.0.1:${phone.port};transport=udp SIP/2.0`);
  expect(told.text.endsWith(`\r\n\r\n${stray}`)).toBe(true);
  expect([told.tokens[2], told.txn]).toEqual(['application', 'unsolicited']);
  // Nor need it have left from this address: a router may have had it answered here.
  const elsewhere = response(9, `z9hG4bK${theirs}.1`);
  phone.send(elsewhere);
  expect((await bench.app.told()).text.endsWith(`\r\n\r\n${elsewhere}`)).toBe(true);
  // What nobody is known to have sent is dropped, and RESPONSE is no method.
  phone.send(response(9, 'z9hG4bKelsewhere'));
  phone.request({ method: 'UNKNOWN' });
  expect(header(await phone.next(), 'Allow')).toBe('ACK, CANCEL, FROBNICATE');
});

test('a response that reached another engine is given to the request that waits for it', async () => {
  bench = await openBench(['invite'], { instance: ours });
  const phone = await bench.phone();
  const sent = await bench.app.request(`OPTIONS sip:bob@127.0.0.1:${phone.port}`);
  const options = await phone.next();
  const branch = /branch=([^\r;]+)/.exec(options)?.[1] ?? '';
  expect(branch).toMatch(new RegExp(`^z9hG4bK${ours}\\.[0-9a-v]{13}$`));
  const answer = options.replace(/^OPTIONS.*/, 'SIP/2.0 200 OK').replace(/^To: [^\r]*/m, (to) => `${to};tag=bob`);
  const bring = (): Promise<unknown> =>
    bench.app.request(`RESPONSE sip:${ours}@127.0.0.1:${phone.port};transport=udp`, {
      lines: ['Content-Type: message/sip'],
      body: answer,
    });
  await bring();
  const told = await bench.app.told();
  expect([told.txn, told.line, told.tokens[6]]).toEqual([sent.txn, 'SIP/2.0 200 OK', String(phone.port)]);
  expect(header((await bench.app.told()).text, 'CSeq')).toMatch(/ RESPONSE$/);
  bench.clock.advance(10_000);
  await bring();
  // Nothing waits for it any more.
  expect((await bench.app.told()).line).toMatch(/^SIP\/2.0 481 /);
});

describe('on behalf of an engine that is gone', () => {
  const ofInvite = (method: string, sentBy: string): string =>
    requestText({ method, cseq: 7, callId: 'gone', branch: `z9hG4bK${theirs}.1`, sentBy, fromTag: 'ours' });
  /** Has the engine say it to a phone; with what the application is told at once, and in the end. */
  const say = async (phone: BenchPhone, body: string): Promise<[Told, () => Promise<Told>]> => {
    const lines = ['Content-Type: message/sip'];
    const uri = `sip:127.0.0.1:${phone.port};transport=udp`;
    return [await bench.app.request(`ON-BEHALF ${uri}`, { lines, body }), () => bench.app.told()];
  };

  test('an INVITE is cancelled, once more until the phone has heard of it', async () => {
    bench = await openBench([], { instance: ours });
    const phone = await bench.phone();
    const cancel = ofInvite('CANCEL', `127.0.0.1:${bench.sipPort}`);
    const [, told] = await say(phone, cancel);
    expect(await phone.next()).toBe(cancel);
    expect((await told()).line).toBe('SIP/2.0 200 OK');
    bench.clock.advance(600);
    expect(await phone.next()).toBe(cancel);
    phone.answer(cancel, '200 OK');
    // What comes after it is answered after it.
    for (const method of ['ONE', 'TWO']) {
      phone.request({ method });
      expect(header(await phone.next(), 'CSeq')).toContain(method);
      bench.clock.advance(10_000);
    }
  });

  test('a caller is answered, and a refusal acknowledged, as they are', async () => {
    bench = await openBench([], { instance: ours });
    const phone = await bench.phone();
    for (const said of [response(phone.port), ofInvite('ACK', `127.0.0.1:${bench.sipPort}`)]) {
      const [, told] = await say(phone, said);
      expect(await phone.next()).toBe(said);
      expect((await told()).line).toBe('SIP/2.0 200 OK');
    }
    expect(bench.engine.stats().transactions).toBe(0);
  });

  test('a caller is answered where he said, unless he asked to be where he was heard', async () => {
    bench = await openBench([], { instance: ours });
    const [heard, named] = [await bench.phone(), await bench.phone()];
    await say(heard, response(named.port));
    expect(startLine(await named.next())).toBe('SIP/2.0 200 OK');
    await say(heard, response(named.port, 'z9hG4bKelsewhere;rport'));
    expect(startLine(await heard.next())).toBe('SIP/2.0 200 OK');
  });

  test('nothing else is said, and nobody but an application has it said', async () => {
    bench = await openBench([], { instance: ours });
    const phone = await bench.phone();
    for (const said of [ofInvite('MESSAGE', '127.0.0.1'), 'CANCEL', '']) {
      const [refused] = await say(phone, said);
      expect(refused.tokens[3]).toBe('NOK');
    }
    phone.request({ method: 'ON-BEHALF' });
    expect(startLine(await phone.next())).toMatch(/^SIP\/2.0 501 /);
  });
});

test('nobody else is told of it', async () => {
  bench = await openBench(['invite', 'options'], { instance: ours });
  const phone = await bench.phone();
  phone.send(response(bench.sipPort, `z9hG4bK${theirs}.1`));
  phone.request({});
  expect((await bench.app.told()).line).toMatch(/^OPTIONS /);
});

/** A call of a phone that the application has answered. */
async function establish() {
  bench = await openBench(['invite']);
  const phone = await bench.phone();
  const call = { callId: 'established', fromTag: 'theirs' };
  phone.request({ ...call, method: 'INVITE' });
  await phone.next();
  await bench.app.answer(await bench.app.told(), '200 OK');
  const tag = toTag(await phone.next());
  phone.request({ ...call, method: 'ACK', toTag: tag });
  const { dialogId } = await bench.app.told();
  return { phone, call, tag, dialogId };
}

test('a dialog whose application has gone goes on with another', async () => {
  const { phone, call, tag, dialogId } = await establish();
  const other = await bench.connect('info', 'bye');
  bench.app.close();
  await expect.poll(() => bench.engine.stats().apps).toBe(1);
  phone.request({ ...call, method: 'INFO', cseq: 2, toTag: tag });
  const info = await other.told();
  expect([info.dialogId, info.line.split(' ')[0]]).toEqual([dialogId, 'INFO']);
  await other.answer(info, '200 OK');
  expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
  // And it can end it by the name it was told.
  await other.request('BYE sip:placeholder', { about: `|${dialogId}` });
  phone.answer(await phone.next(), '200 OK');
  expect((await other.told()).line).toBe('SIP/2.0 200 OK');
  expect(bench.engine.stats().dialogs).toBe(0);
});

test('a change whose application has gone is acknowledged when the peer agrees to it, and the call goes on', async () => {
  const { phone, call, tag, dialogId } = await establish();
  await bench.app.request('INVITE sip:placeholder', { about: `|${dialogId}`, body: 'v=0' });
  const invite = await phone.next();
  const other = await bench.connect('info');
  bench.app.close();
  await expect.poll(() => bench.engine.stats().apps).toBe(1);
  phone.answer(invite, '200 OK', { body: 'v=0' });
  const ack = await phone.next();
  expect([startLine(ack).split(' ')[0], header(ack, 'CSeq')]).toEqual([
    'ACK',
    header(invite, 'CSeq').replace('INVITE', 'ACK'),
  ]);
  // Nothing else is sent before what is asked for next.
  phone.request({ ...call, method: 'INFO', cseq: 2, toTag: tag });
  await other.answer(await other.told(), '200 OK');
  expect(header(await phone.next(), 'CSeq')).toBe('2 INFO');
  expect(bench.engine.stats().dialogs).toBe(1);
});
