import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, type BenchPhone, openBench, startLine } from './bench.ts';

/** How late timers may be. */
const TICK_MS = 100;

let bench: Bench;
let caller: BenchPhone;

beforeEach(async () => {
  bench = await openBench(['invite', 'message']);
  caller = await bench.phone();
});
afterEach(() => bench.close());

/** What the caller gets next but for 100. */
async function answered(): Promise<string> {
  for (;;) {
    const text = await caller.next();
    if (!text.startsWith('SIP/2.0 100')) return startLine(text);
  }
}

describe('an application that says nothing', () => {
  test('because whom it calls does not answer has the time to be told so, and to tell the caller', async () => {
    const callee = await bench.phone();
    caller.request({ method: 'INVITE' });
    const invite = await bench.app.told();
    bench.clock.advance(100);
    await bench.app.request(`INVITE ${callee.uri}`);
    bench.clock.advance(32_000 + TICK_MS);
    const failure = await bench.app.told();
    expect(failure.line).toBe('SIP/2.0 408 Request Timeout');
    await bench.app.answer(invite, '480 Temporarily Unavailable');
    expect(await answered()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test.each([
    ['call', 'INVITE', 64_000],
    ['text', 'MESSAGE', 32_000],
  ])('about a %s (%s): who asks is told 500 after %i ms', async (_, method, ms) => {
    caller.request({ method });
    await bench.app.told();
    bench.clock.advance(ms - 1);
    expect((await bench.app.command('ping')).tokens[4]).toBe('pong');
    expect(bench.engine.stats()).toMatchObject({ pending: 1 });
    bench.clock.advance(TICK_MS + 1);
    expect(await answered()).toBe('SIP/2.0 500 Server Internal Error');
  });
});
