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
  const ask = async (name: string, timeout: number): Promise<void> => {
    await exchange.request('silent', undefined, { timeout }).catch(() => over.push(name));
  };
  const late = ask('late', 500);
  const early = ask('early', 50);
  expect(clock.pending).toBe(1);
  clock.advance(80);
  await early;
  clock.advance(419);
  expect(over).toEqual(['early']);
  expect(clock.pending).toBe(1);
  clock.advance(30);
  await late;
  expect(over).toEqual(['early', 'late']);
  expect(clock.pending).toBe(0);
});
