import getPort from 'get-port';
import { expect } from 'vitest';
import { type PhonePlatform } from './phone-platform.ts';
import { runSipp } from './sipp.ts';
import { addSubscribers, sippLines } from './subscribers.ts';

export interface SippPair {
  /** Scenario of the one that begins; `[callee]` is the user of the other. */
  readonly asks: string;
  /** Scenario of the other, which is registered. */
  readonly answers: string;
  /** How long either pauses where its scenario says `[talk_ms]`. */
  readonly talkMs?: number;
}

/** Two SIPp phones of accounts of their own have to do with each other, both as their scenarios say. */
export async function runSippPair(
  { bus, edge }: PhonePlatform,
  { asks, answers, talkMs = 500 }: SippPair,
): Promise<void> {
  const localPort = await getPort({ host: '127.0.0.1' });
  const [first, second] = await addSubscribers(bus, `${asks}-${String(localPort)}-`, 2);
  if (first === undefined || second === undefined) throw new Error('no accounts');
  const stop = new AbortController();
  const about = { remote: edge, calls: 1, talkMs, signal: stop.signal };
  const registered = await runSipp({ ...about, scenario: 'register', lines: sippLines([second]), localPort });
  expect(registered).toMatchObject({ successful: 1 });
  const answering = runSipp({ ...about, scenario: answers, localPort });
  const keys = { callee: second.user };
  const asked = await runSipp({ ...about, scenario: asks, keys, lines: sippLines([first]) });
  // Who was not asked waits for ever.
  if (asked.successful === 0) stop.abort();
  const answered = await answering;
  expect([asked.errors, answered.errors]).toEqual(['', '']);
  expect([asked, answered]).toMatchObject([{ successful: 1 }, { successful: 1 }]);
}
