import { FakeClock } from '@callweave/clock/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Perishable, TtlCache } from '../src/locate/ttl-cache.ts';

let clock: FakeClock;
let cache: TtlCache<string>;
let asked: number;
let says: () => Promise<Perishable<string>>;

beforeEach(() => {
  clock = new FakeClock();
  cache = new TtlCache(clock);
  asked = 0;
});

const get = (key = 'k'): Promise<string> =>
  cache.get(key, () => {
    asked++;
    return says();
  });

describe('what DNS said', () => {
  test('is kept for as long as it said, and asked for again then', async () => {
    says = () => Promise.resolve({ value: `answer ${asked}`, ttlSec: 60 });
    expect(await get()).toBe('answer 1');
    clock.advance(59_999);
    expect(await get()).toBe('answer 1');
    clock.advance(1);
    expect(await get()).toBe('answer 2');
  });

  test('is kept an hour at most', async () => {
    says = () => Promise.resolve({ value: `answer ${asked}`, ttlSec: 1_000_000 });
    await get();
    clock.advance(3_600_000);
    expect(await get()).toBe('answer 2');
  });

  test('is asked for once, however many wait for it', async () => {
    says = () => Promise.resolve({ value: 'answer', ttlSec: 0 });
    expect(await Promise.all([get(), get(), get()])).toEqual(['answer', 'answer', 'answer']);
    expect(asked).toBe(1);
    await get();
    expect(asked).toBe(2);
  });

  test('goes on to be used for a day when nobody can be asked any more', async () => {
    says = () => Promise.resolve({ value: 'old', ttlSec: 60 });
    await get();
    says = () => Promise.reject(new Error('timeout'));
    clock.advance(60_000);
    expect(await get()).toBe('old');
    expect(await get()).toBe('old');
    expect(asked).toBe(2);
    clock.advance(5_000);
    says = () => Promise.resolve({ value: 'new', ttlSec: 60 });
    expect(await get()).toBe('new');
    says = () => Promise.reject(new Error('timeout'));
    clock.advance(86_500_000);
    await expect(get()).rejects.toThrow('timeout');
  });
});

test('that nobody could tell is remembered for 5 s', async () => {
  says = () => Promise.reject(new Error('timeout'));
  await expect(get()).rejects.toThrow('timeout');
  clock.advance(4_999);
  await expect(get()).rejects.toThrow('timeout');
  expect(asked).toBe(1);
  clock.advance(1);
  await expect(get()).rejects.toThrow('timeout');
  expect(asked).toBe(2);
});

test('strangers who make names up push out what was used longest ago, and nothing grows', async () => {
  says = () => Promise.resolve({ value: 'answer', ttlSec: 600 });
  await get('ours');
  for (let n = 0; n < 9_999; n++) await get(`theirs ${n}`);
  await get('ours');
  for (let n = 0; n < 9_999; n++) await get(`others ${n}`);
  expect(cache.size).toBe(10_000);
  const before = asked;
  await get('ours');
  expect(asked).toBe(before);
});
