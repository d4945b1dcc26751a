import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Happening, RandomCall } from './random-call.ts';

const side = fc.constantFrom('caller' as const, 'callee' as const);
const isDescribed = fc.boolean();
const device = fc.nat(3);
const status = fc.constantFrom(100, 180, 183, 199, 200, 200, 200, 302, 408, 481, 486, 500, 503, 603);
const method = fc.constantFrom('ACK', 'ACK', 'BYE', 'INVITE', 'UPDATE', 'INFO', 'MESSAGE');

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('responds'), device, status, isDescribed }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cannotBeSent'), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancels') }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('requests'), side, method, isDescribed }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('answers'), status: status.filter((one) => one >= 200), isDescribed }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('engineGivesUp'), side }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('engineIsAnother') }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('media'),
      outcome: fc.constantFrom('anchored', 'anchored', 'anchored', 'unusable', 'unavailable'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('passes'), ms: fc.constantFrom(500, 5_000, 35_000) }) },
);

const world = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.constantFrom('v=0' as const, 'none' as const));

/** What a device may see of us before and after it has answered, RFC 3261 §9, §13.2.2.4 and §15. */
function isLegalForDevice(ladder: readonly string[]): boolean {
  const text = ladder.join(' ');
  // A CANCEL comes before the final response, once; the first ACK after a 2xx, and no BYE before it.
  const final = ladder.findIndex((step) => /^[2-6]\d\d$/.test(step));
  const cancels = ladder.flatMap((step, index) => (step === '<CANCEL' ? [index] : []));
  if (cancels.length > 1 || (final >= 0 && cancels.some((index) => index > final))) return false;
  if (ladder[final] !== '200') return !/<BYE|<ACK/.test(text);
  const byes = ladder.flatMap((step, index) => (step === '<BYE' ? [index] : []));
  const ack = ladder.indexOf('<ACK');
  return byes.length <= 1 && ack > final && byes.every((index) => index > ack);
}

test('every call ends, whatever its peers do and in whatever order: its media is released, its end told once, and no peer sees what SIP forbids', async () => {
  const ways = new Set<string | undefined>();
  const property = fc.asyncProperty(
    world,
    fc.array(happening, { maxLength: 60, size: 'max' }),
    async ([devices, inTurn, offer], all) => {
      const call = new RandomCall(devices, inTurn, offer);
      await call.fake.settle();
      for (const one of all) await call.happen(one);
      await call.end();
      const { seen, calls, legs } = call.fake;
      const told = seen.filter((line) => line.startsWith('told '));
      expect({ calls: calls.size, legs: legs.size, phase: call.fake.call.phase }).toEqual({
        calls: 0,
        legs: 0,
        phase: 'ended',
      });
      expect(told.filter((line) => /^told (ended|failed)/.test(line))).toHaveLength(1);
      expect(told.at(-1)).toMatch(/^told (ended|failed)/);
      ways.add(told.at(-1)?.split(' ')[1]);
      expect(seen.filter((line) => line === 'disposed')).toHaveLength(1);
      // A node that refused the only offer holds nothing.
      if (call.hasAnchored) expect(call.media.at(-1)).toBe('release');
      const finals = seen.filter((line) => /^caller [2-6]/.test(line));
      expect(finals.length).toBeLessThanOrEqual(1);
      const [caller = [], ...devicesSeen] = call.ladders;
      expect(finals.length + caller.filter((step) => step === 'CANCEL').length).toBeGreaterThanOrEqual(1);
      const ofCaller = caller.filter((step) => step === '<BYE');
      expect(ofCaller.length).toBeLessThanOrEqual(1);
      if (ofCaller.length === 1) expect(caller.indexOf('<BYE')).toBeGreaterThan(caller.indexOf('ACK'));
      for (const ladder of devicesSeen) expect([ladder, isLegalForDevice(ladder)]).toEqual([ladder, true]);
      expect([...call.unanswered].filter(([, answers]) => answers !== 1)).toEqual([]);
    },
  );
  await fc.assert(property, { numRuns: 2_000 });
  // What never happens shows nothing.
  expect([...ways].sort()).toEqual(['ended', 'failed']);
}, 60_000);
