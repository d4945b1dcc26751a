import { afterAll, expect, test } from 'vitest';
import { type BadLine, layBadLine } from '../support/bad-line.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { until } from '../support/until.ts';

const [ALICE_HZ, BOB_HZ] = [700, 1_000];
/** A phone that gets too little plays nothing for a while. */
const SLOW_MS = 60_000;

const phones = new PhonePlatform();
let line: BadLine | undefined;

afterAll(() => line?.close());

test('a phone on a line that is slow, uneven and loses a part of all is called, heard and hung up on', async () => {
  line = await layBadLine(phones.edge, {
    sip: { delayMs: 50, jitterMs: 150, loss: 0.2 },
    media: { delayMs: 40, jitterMs: 30, loss: 0.03 },
  });
  const [alice, bob] = await Promise.all([
    phones.phone('alice', { toneHz: ALICE_HZ }),
    phones.phone('bob', { registrar: line.inside, toneHz: BOB_HZ }),
  ]);
  phones.dial(alice, 'bob');
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, BOB_HZ, SLOW_MS), hears(bob, ALICE_HZ, SLOW_MS)]);
  const { counts } = line;
  await until('much of it is lost', () => counts.media.lost >= 20, SLOW_MS);
  await Promise.all([hears(alice, BOB_HZ, SLOW_MS), hears(bob, ALICE_HZ, SLOW_MS)]);
  alice.command('hangup');
  await bob.waitFor('CALL_CLOSED');
  // A 180 that is lost is not sent again.
  const told = (await phones.toldInAll()).filter((kind) => kind !== 'ringing');
  expect(told).toEqual(['initiated', 'routed', 'answered', 'ended']);
  expect(counts.sip.lost).toBeGreaterThan(0);
}, 180_000);
