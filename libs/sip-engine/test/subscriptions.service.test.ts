import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine, type Told, toTag } from './bench.ts';

let bench: Bench;
let phone: BenchPhone;

beforeEach(async () => {
  bench = await openBench(['invite', 'bye', 'notify', 'subscribe', 'refer', 'info']);
  phone = await bench.phone();
});

afterEach(() => bench.close());

const tagOf = (text: string): string => /;tag=([^;\s]+)/.exec(header(text, 'From'))?.[1] ?? '';
const dialogs = (): number => bench.engine.stats().dialogs;

/** A SUBSCRIBE of the application. */
async function subscribes(): Promise<string> {
  await bench.app.request(`SUBSCRIBE ${phone.uri}`, { lines: ['Event: presence', 'Expires: 600'] });
  return phone.next();
}

/** A NOTIFY of the phone, in the dialog that it makes of `subscribe`. */
function notify(subscribe: string, fromTag: string, cseq: number, state: string, event = 'presence'): void {
  const dialog = { callId: header(subscribe, 'Call-ID'), fromTag, toTag: tagOf(subscribe), cseq };
  phone.request({ ...dialog, method: 'NOTIFY', headers: [`Event: ${event}`, `Subscription-State: ${state}`] });
}

/** Answers the request that the application is told next. */
async function answersNext(status = '200 OK', lines: readonly string[] = []): Promise<Told> {
  const told = await bench.app.told();
  await bench.app.answer(told, status, lines);
  return told;
}

describe('a SUBSCRIBE of ours', () => {
  test('has a dialog by the NOTIFY that overtakes its 2xx, by the usual name', async () => {
    const subscribe = await subscribes();
    notify(subscribe, 'one', 1, 'active;expires=600');
    const early = await answersNext();
    expect(startLine(await phone.next())).toBe('SIP/2.0 200 OK');
    expect(early.dialogId).toBe(`${header(subscribe, 'Call-ID')};from-tag=${tagOf(subscribe)}`);
    phone.answer(subscribe, '202 Accepted', { tag: 'one', lines: ['Expires: 600'] });
    expect((await bench.app.told()).dialogId).toBe(early.dialogId);
    expect(dialogs()).toBe(1);
  });

  test('that forks has a dialog with each phone that notifies, and each ends for itself', async () => {
    const subscribe = await subscribes();
    phone.answer(subscribe, '200 OK', { tag: 'one', lines: ['Expires: 600'] });
    const { dialogId } = await bench.app.told();
    notify(subscribe, 'two', 1, 'active;expires=600');
    const other = (await answersNext()).dialogId;
    await phone.next();
    expect(other).toBe(`${dialogId};to-tag=two`);
    expect(dialogs()).toBe(2);
    await bench.app.request('SUBSCRIBE sip:placeholder', {
      about: `|${other}`,
      lines: ['Event: presence', 'Expires: 0'],
    });
    const unsubscribe = await phone.next();
    expect(header(unsubscribe, 'To')).toContain(';tag=two');
    phone.answer(unsubscribe, '200 OK', { lines: ['Expires: 0'] });
    await bench.app.told();
    for (const [at, tag] of ['two', 'one'].entries()) {
      notify(subscribe, tag, 2, 'terminated;reason=timeout');
      await answersNext();
      await phone.next();
      expect(dialogs()).toBe(1 - at);
    }
  });

  test('of another kind, or that was refused, or long ago, makes nothing of a NOTIFY', async () => {
    const subscribe = await subscribes();
    const refused = await subscribes();
    phone.answer(refused, '489 Bad Event');
    await bench.app.told();
    notify(refused, 'one', 1, 'active');
    await answersNext('481 Gone');
    expect(startLine(await phone.next())).toBe('SIP/2.0 481 Gone');
    expect(dialogs()).toBe(0);
    // It was never answered: neither is it waited for any more.
    bench.clock.advance(33_000);
    expect((await bench.app.told()).line).toBe('SIP/2.0 408 Request Timeout');
    notify(subscribe, 'two', 1, 'active');
    expect((await answersNext('481 Gone')).dialogId).toBe('');
    expect(dialogs()).toBe(0);
  });

  test('whose notifier falls silent ends a little after its time', async () => {
    const subscribe = await subscribes();
    phone.answer(subscribe, '200 OK', { tag: 'one', lines: ['Expires: 600'] });
    await bench.app.told();
    notify(subscribe, 'one', 1, 'active;expires=60');
    await answersNext();
    await phone.next();
    bench.clock.advance(91_000);
    expect(dialogs()).toBe(1);
    bench.clock.advance(1_100);
    expect(dialogs()).toBe(0);
  });
});

test('a SUBSCRIBE of somebody else’s makes a dialog by our 2xx, which ends with our last NOTIFY', async () => {
  const dialog = { callId: 'theirs', fromTag: 'watcher' };
  phone.request({ ...dialog, method: 'SUBSCRIBE', headers: ['Event: dialog;id=7', 'Expires: 60'] });
  const { txn } = await bench.app.told();
  const accepted = await bench.app.command(`sip|${txn}|\r\nSIP/2.0 200 OK\r\nExpires: 60\r\n\r\n`);
  expect(header(await phone.next(), 'Contact')).toMatch(/^<sip:127/);
  const about = `|${accepted.tokens[11] ?? ''}`;
  for (const [state, left] of [
    ['active;expires=60', 1],
    ['terminated;reason=noresource', 0],
  ] as const) {
    const lines = ['Event: dialog;id=7', `Subscription-State: ${state}`];
    await bench.app.request('NOTIFY sip:placeholder', { about, lines });
    phone.answer(await phone.next(), '200 OK');
    await bench.app.told();
    expect(dialogs()).toBe(left);
  }
});

describe('a REFER', () => {
  const CALL = { callId: 'referred', fromTag: 'theirs' };

  test('within a call subscribes: what it says of the call to come outlives the call it came in', async () => {
    phone.request({ ...CALL, method: 'INVITE' });
    await phone.next();
    await answersNext();
    const tag = toTag(await phone.next());
    phone.request({ ...CALL, method: 'ACK', toTag: tag });
    await bench.app.told();
    phone.request({ ...CALL, method: 'REFER', cseq: 2, toTag: tag, headers: ['Refer-To: <sip:carol@example.com>'] });
    const { dialogId } = await answersNext('202 Accepted');
    await phone.next();
    phone.request({ ...CALL, method: 'BYE', cseq: 3, toTag: tag });
    await answersNext();
    await phone.next();
    expect(dialogs()).toBe(1);
    // Of the call nothing is left.
    phone.request({ ...CALL, method: 'INVITE', cseq: 4, toTag: tag });
    expect(startLine(await phone.next())).toMatch(/^SIP\/2.0 481 /);
    const about = `|${dialogId}`;
    expect((await bench.app.request('INFO sip:placeholder', { about })).tokens[3]).toBe('NOK');
    const lines = ['Event: refer', 'Subscription-State: terminated;reason=noresource'];
    await bench.app.request('NOTIFY sip:placeholder', { about, lines });
    phone.answer(await phone.next(), '200 OK');
    await bench.app.told();
    expect(dialogs()).toBe(0);
  });

  test('outside a call makes a dialog of its own, in both directions', async () => {
    phone.request({ ...CALL, method: 'REFER', headers: ['Refer-To: <sip:carol@example.com>'] });
    const { txn } = await bench.app.told();
    await bench.app.command(`sip|${txn}|\r\nSIP/2.0 202 Accepted\r\n\r\n`);
    expect(header(await phone.next(), 'Contact')).toMatch(/^<sip:127/);
    expect(dialogs()).toBe(1);
    await bench.app.request(`REFER ${phone.uri}`, { lines: ['Refer-To: <sip:carol@example.com>'] });
    const refer = await phone.next();
    expect(header(refer, 'Contact')).toMatch(/^<sip:127/);
    notify(refer, 'one', 1, 'active;expires=60', 'refer');
    await answersNext();
    await phone.next();
    expect(dialogs()).toBe(2);
    notify(refer, 'one', 2, 'terminated;reason=noresource', 'refer');
    await answersNext();
    await phone.next();
    expect(dialogs()).toBe(1);
    // Nobody ever notifies of the other.
    bench.clock.advance(340_000);
    expect(dialogs()).toBe(0);
  });
});
