import { type Resolver, type SipEngineOptions } from '@callweave/sip-engine';
import { afterEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, header, openBench, startLine } from './bench.ts';

let bench: Bench;
let phones: BenchPhone[];

afterEach(() => bench.close());

/** An engine for which example.com is served by so many phones, in this order. */
async function start(count: number, options: Partial<SipEngineOptions> = {}): Promise<void> {
  const none = (): Promise<never[]> => Promise.resolve([]);
  const resolver: Resolver = {
    isLocal: () => Promise.resolve(false),
    services: none,
    servers: (name) =>
      Promise.resolve(
        name !== '_sip._udp.example.com'
          ? []
          : phones.map(({ port }, at) => ({ priority: at, weight: 0, port, target: 'proxy.example.com' })),
      ),
    addresses: (_name, family) => Promise.resolve(family === 4 ? ['127.0.0.1'] : []),
  };
  bench = await openBench(['invite', 'message'], { resolver, ...options });
  phones = [];
  while (phones.length < count) phones.push(await bench.phone());
}

const method = (text: string): string => text.split(' ', 1)[0] ?? '';

/** The next request of a method, past copies of others. */
async function nextOf(phone: BenchPhone, wanted: string): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (method(text) === wanted) return text;
  }
}

/** The status that the application is told in the end. */
async function final(): Promise<string> {
  for (;;) {
    const { line } = await bench.app.told();
    if (/^SIP\/2.0 [2-6]/.test(line)) return line;
  }
}

const invite = (): Promise<unknown> =>
  bench.app.request('INVITE sip:bob@example.com', { lines: ['From: <sip:a@example.net>;tag=ours', 'Call-ID: one'] });

describe('a request of an application to a name with several addresses', () => {
  test('goes to the next one when the first is silent, as the same request in another transaction', async () => {
    await start(2);
    const [dead, alive] = phones as [BenchPhone, BenchPhone];
    await invite();
    const first = await dead.next();
    bench.clock.advance(4_010);
    const second = await alive.next();
    for (const same of ['From', 'To', 'Call-ID', 'CSeq']) expect(header(second, same)).toBe(header(first, same));
    expect(header(second, 'Via')).not.toBe(header(first, 'Via'));
    alive.answer(second, '486 Busy Here');
    expect(await final()).toBe('SIP/2.0 486 Busy Here');
  });

  test('goes to the next one when the first is out of service, which is left alone for as long as it wants', async () => {
    await start(2);
    const [busy, alive] = phones as [BenchPhone, BenchPhone];
    await invite();
    busy.answer(await busy.next(), '503 Service Unavailable', { lines: ['Retry-After: 60'] });
    alive.answer(await alive.next(), '486 Busy Here');
    expect(await final()).toBe('SIP/2.0 486 Busy Here');
    expect(method(await busy.next())).toBe('ACK');
    await bench.app.request('MESSAGE sip:bob@example.com');
    alive.answer(await nextOf(alive, 'MESSAGE'), '200 OK');
    expect(await final()).toBe('SIP/2.0 200 OK');
    bench.clock.advance(60_000);
    await bench.app.request('MESSAGE sip:bob@example.com');
    expect(method(await nextOf(busy, 'MESSAGE'))).toBe('MESSAGE');
  });

  test('stays where it has rung', async () => {
    await start(2);
    const [ringing, other] = phones as [BenchPhone, BenchPhone];
    await invite();
    const request = await ringing.next();
    ringing.answer(request, '180 Ringing');
    expect((await bench.app.told()).line).toBe('SIP/2.0 180 Ringing');
    bench.clock.advance(30_000);
    ringing.answer(request, '503 Service Unavailable');
    expect(await final()).toBe('SIP/2.0 503 Service Unavailable');
    expect(other.waiting).toBe(0);
  });

  test('is cancelled where it arrives after all', async () => {
    await start(2);
    const [slow, alive] = phones as [BenchPhone, BenchPhone];
    await invite();
    const late = await slow.next();
    bench.clock.advance(4_010);
    const request = await alive.next();
    slow.answer(late, '180 Ringing');
    const cancel = await nextOf(slow, 'CANCEL');
    expect(header(cancel, 'Via')).toBe(header(late, 'Via'));
    slow.answer(cancel, '200 OK');
    slow.answer(late, '487 Request Terminated');
    alive.answer(request, '486 Busy Here');
    expect(await final()).toBe('SIP/2.0 486 Busy Here');
  });

  test('is given up within the time of one transaction when none answers', async () => {
    await start(3);
    await invite();
    bench.clock.advance(31_900);
    for (const phone of phones) expect(method(await phone.next())).toBe('INVITE');
    bench.clock.advance(200);
    expect(await final()).toBe('SIP/2.0 408 Request Timeout');
  });

  test('is looked for no more once it is cancelled', async () => {
    await start(2);
    const { txn } = (await invite()) as { txn: string };
    await bench.app.request('CANCEL sip:bob@example.com', { about: `${txn}|` });
    bench.clock.advance(32_100);
    expect(await final()).toBe('SIP/2.0 408 Request Timeout');
    expect(phones[1]?.waiting).toBe(0);
  });
});

describe('a proxied request to a name with several addresses', () => {
  async function proxied(verb: string): Promise<BenchPhone> {
    const caller = await bench.phone();
    caller.request({ method: verb, callId: 'proxied', uri: 'sip:bob@example.com' });
    const { txn, line } = await bench.app.told();
    bench.app.send(
      `proxy|${txn}|remainOutOfDialog|basicResponse|nofollow|serial|||sip:bob@example.com\r\n${line}\r\n\r\n`,
    );
    return caller;
  }

  const answered = async (caller: BenchPhone): Promise<string> => {
    for (;;) {
      const text = await caller.next();
      if (!text.startsWith('SIP/2.0 100')) return startLine(text);
    }
  };

  test.each(['INVITE', 'MESSAGE'])('%s goes to the next one when the first is silent', async (verb) => {
    await start(2);
    const [dead, alive] = phones as [BenchPhone, BenchPhone];
    const caller = await proxied(verb);
    const first = await dead.next();
    bench.clock.advance(4_010);
    const second = await alive.next();
    expect(header(second, 'Via')).not.toBe(header(first, 'Via'));
    alive.answer(second, '200 OK');
    expect(await answered(caller)).toBe('SIP/2.0 200 OK');
  });

  test('goes to the next one when the first is out of service', async () => {
    await start(2);
    const [busy, alive] = phones as [BenchPhone, BenchPhone];
    const caller = await proxied('INVITE');
    busy.answer(await busy.next(), '503 Service Unavailable');
    alive.answer(await alive.next(), '486 Busy Here');
    expect(await answered(caller)).toBe('SIP/2.0 486 Busy Here');
  });

  test('is answered 500 when all of them are out of service', async () => {
    await start(2);
    const caller = await proxied('INVITE');
    for (const phone of phones) phone.answer(await phone.next(), '503 Service Unavailable');
    expect(await answered(caller)).toBe('SIP/2.0 500 Server Internal Error');
  });
});
