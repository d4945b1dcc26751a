import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told } from './bench.ts';

let bench: Bench;
let phone: BenchPhone;
let invite: string;
let reply: Told;

const SDP = 'v=0\r\n';
const RELIABLE = ['Require: 100rel', 'RSeq: 7'];

beforeEach(async () => {
  bench = await openBench(['update', 'bye', 'info']);
  phone = await bench.phone();
  reply = await bench.app.request(`INVITE ${phone.uri}`, { body: SDP });
  invite = await phone.next();
});

afterEach(() => bench.close());

/** Rings with a To tag of its own, and returns what the application was told. */
async function ring(tag: string, lines: readonly string[] = []): Promise<Told> {
  phone.answer(invite, '180 Ringing', { tag, lines });
  return bench.app.told();
}

describe('a call that rings at two phones', () => {
  test('has a dialog with each: PRACK goes to the one that asked for it, and each counts for itself', async () => {
    const [one, two] = [await ring('one', RELIABLE), await ring('two', RELIABLE)];
    expect(one.dialogId).toBe(`${header(invite, 'Call-ID')};from-tag=${/tag=(\S+)/.exec(header(invite, 'From'))?.[1]}`);
    expect(two.dialogId).toBe(`${one.dialogId};to-tag=two`);
    expect([one.txn, two.txn]).toEqual([reply.txn, reply.txn]);
    const cseq = Number.parseInt(header(invite, 'CSeq'), 10);
    for (const { dialogId } of [two, one]) {
      await bench.app.request('PRACK sip:placeholder', {
        about: `|${dialogId}`,
        lines: [`RAck: 7 ${cseq} INVITE`],
      });
    }
    const [first, second] = [await phone.next(), await phone.next()];
    expect([first, second].map((text) => /;tag=(\w+)\r/.exec(text.slice(text.indexOf('\r\nTo:')))?.[1])).toEqual([
      'two',
      'one',
    ]);
    expect([first, second].map((text) => header(text, 'CSeq'))).toEqual([`${cseq + 1} PRACK`, `${cseq + 1} PRACK`]);
    expect(bench.engine.stats().dialogs).toBe(2);
  });

  test('takes requests of either, each in its own dialog', async () => {
    const dialogs = [await ring('one'), await ring('two')].map(({ dialogId }) => dialogId);
    const dialog = { method: 'INFO', callId: header(invite, 'Call-ID'), cseq: 4 };
    const ours = /tag=(\S+)/.exec(header(invite, 'From'))?.[1];
    for (const fromTag of ['two', 'one']) phone.request({ ...dialog, fromTag, toTag: ours ?? '' });
    const told = [await bench.app.told(), await bench.app.told()];
    expect(told.map(({ dialogId }) => dialogId)).toEqual(dialogs.reverse());
  });

  test('is the call of whoever answers first, by its usual name; the other is forgotten and released when it answers', async () => {
    const [one, two] = [await ring('one'), await ring('two')];
    phone.answer(invite, '200 OK', { tag: 'two', lines: ['Record-Route: <sip:127.0.0.1:9;lr>'] });
    const answered = await bench.app.told();
    expect(answered.dialogId).toBe(one.dialogId);
    expect(bench.engine.stats().dialogs).toBe(1);
    // By the name it had while it rang it is found as well.
    const prompt = bench.app.request('INFO sip:placeholder', { about: `|${two.dialogId}` });
    expect((await prompt).tokens[3]).toBe('OK');
    phone.answer(invite, '200 OK', { tag: 'one' });
    const [ack, bye] = [await phone.next(), await phone.next()];
    expect([startLine(ack), startLine(bye)]).toEqual([`ACK ${phone.uri} SIP/2.0`, `BYE ${phone.uri} SIP/2.0`]);
    expect([ack, bye].map((text) => header(text, 'To'))).toEqual(Array(2).fill(`<${phone.uri}>;tag=one`));
    expect(bench.engine.stats().dialogs).toBe(1);
  });

  test('fails as a whole', async () => {
    await ring('one');
    await ring('two');
    phone.answer(invite, '486 Busy Here', { tag: 'proxy' });
    expect((await bench.app.told()).line).toBe('SIP/2.0 486 Busy Here');
    expect(bench.engine.stats().dialogs).toBe(0);
  });
});

test('a call that is answered in spite of its CANCEL is ended as soon as the answer is acknowledged', async () => {
  await ring('one');
  await bench.app.request('CANCEL sip:x', { about: `${reply.txn}|` });
  expect(startLine(await phone.next())).toMatch(/^CANCEL /);
  phone.answer(invite, '200 OK', { tag: 'one' });
  const { dialogId } = await bench.app.told();
  await bench.app.request('ACK sip:x', { about: `|${dialogId}` });
  expect([startLine(await phone.next()), startLine(await phone.next())].map((line) => line.split(' ', 1)[0])).toEqual([
    'ACK',
    'BYE',
  ]);
  const told = await bench.app.told();
  expect([told.txn, told.dialogId]).toEqual(['unsolicited', dialogId]);
  expect(header(told.text, 'Reason')).toBe('SIP;cause=200;text="ACK-BYE due to cancel race condition"');
  expect(bench.engine.stats().dialogs).toBe(0);
});
