import { FakeClock } from '@callweave/clock/testing';
import { type NatsConnection } from 'nats';
import { expect, test } from 'vitest';
import { Exchange } from '../src/exchange.ts';

/** A connection on which nobody answers. */
const silent = {
  subscribe: () => undefined,
  publish: () => undefined,
  closed: () => new Promise(() => undefined),
} as unknown as NatsConnection;

test('one alarm serves all that wait: each is given up when its own time is over, the later one first asked or not', async () => {
  const clock = new FakeClock();
  const exchange = new Exchange(silent, clock, '_INBOX_test');
  const over: string[] = [];
  const ask = (name: string, timeout: number): void => {
    void exchange.request('silent', undefined, { timeout }).catch(() => over.push(name));
  };
  /** What is given up after so long in all. */
  const at = async (ms: number): Promise<string[]> => {
    clock.advance(ms - clock.monotonicMs());
    await new Promise(setImmediate);
    return over;
  };
  ask('late', 500);
  ask('early', 50);
  expect(clock.pending).toBe(1);
  expect(await at(49)).toEqual([]);
  expect(await at(80)).toEqual(['early']);
  expect(await at(499)).toEqual(['early']);
  expect(await at(530)).toEqual(['early', 'late']);
  expect(clock.pending).toBe(0);
});
