import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Elsewhere, type Happening, type Ladder, RandomTransfers } from './random-transfers.ts';

const who = fc.nat(8);
const index = fc.nat(3);
const status = fc.constantFrom(180, 200, 200, 200, 200, 200, 404, 408, 481, 486, 488, 491, 500, 603);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('refers'),
      who,
      to: fc.oneof(fc.nat(8), fc.nat(8), fc.constantFrom('device' as const, 'device' as const, 'nobody' as const)),
      isQuiet: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('replaces'), whom: who, isOffering: fc.constantFrom(true, true, false) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancels') }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('answers'),
      index,
      status,
      isDescribed: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('requests'),
      who,
      method: fc.constantFrom('BYE', 'INVITE', 'ACK', 'ACK'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('engineGivesUp'), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('superseded'), call: index }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('media'),
      index,
      outcome: fc.constantFrom('anchored', 'anchored', 'anchored', 'anchored', 'anchored', 'unusable', 'unavailable'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('stored') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('passes'), ms: fc.constantFrom(500, 2_000, 5_000, 35_000) }) },
);

/** What is wrong with what a peer saw of us, RFC 3261 §12.2, §14.1 and §15; undefined when nothing is. */
function defectIn(ladder: Ladder): string | undefined {
  let offers = 0;
  let unacknowledged = 0;
  let isOver = false;
  let isOurs = true;
  for (const step of ladder) {
    if (!isOurs && step.startsWith('<') && !/^<ACK|^<\d{3}/.test(step)) return `${step} in a dialog of another edge`;
    if (isOver && /^<(BYE|INVITE|UPDATE|REFER)/.test(step)) return `${step} in a dialog that is over`;
    if (step === '<INVITE' && ++offers > 1) return 'an INVITE while another is open';
    if (/^[2-6]\d\d to INVITE/.test(step)) offers -= 1;
    if (/^2\d\d to INVITE/.test(step)) unacknowledged += 1;
    if (step === '<ACK' && --unacknowledged < 0) return 'an ACK too many';
    if (/^<?BYE/.test(step)) isOver = true;
    if (step === 'superseded') isOurs = false;
  }
  return unacknowledged > 0 ? 'a 2xx that is not acknowledged' : undefined;
}

/** What is wrong with what was told of the REFERs of a peer, RFC 3515 §2.4.4. */
function newsDefectIn(ladder: Ladder): string | undefined {
  const ids = ladder.flatMap((step) => /^REFER (\d+)$/.exec(step)?.[1] ?? []);
  for (const id of ids) {
    const news = ladder.filter((step) => step.startsWith('<NOTIFY') && step.endsWith(`;id=${id}`));
    if (!ladder.includes(`<202 to REFER ${id}`) && news.length > 0) return `news of REFER ${id}, which was refused`;
    if (news.length > 0 && !news[0]?.startsWith('<NOTIFY 100 active'))
      return `REFER ${id} begins with ${news[0] ?? ''}`;
    const last = news.findIndex((step) => step.includes('terminated'));
    if (last !== -1 && last !== news.length - 1) return `news of REFER ${id} after its end`;
    const isCut = /BYE|superseded|(408|481) to NOTIFY/.test(ladder.join());
    if (news.length > 0 && last === -1 && !isCut) return `REFER ${id} has no end`;
  }
  return undefined;
}

test('calls whose parties transfer each other as they like end once each: their media is released, every REFER has its outcome, and no peer sees what SIP forbids', async () => {
  let transferred = 0;
  const outcomes = new Set<string>();
  const property = fc.asyncProperty(
    fc.constantFrom<Elsewhere>('yielded', 'yielded', 'busy', 'not-held', 'silent', 'gone', 'taken', 'unknown', 'away'),
    fc.array(happening, { maxLength: 80, size: 'max' }),
    async (elsewhere, all) => {
      const world = new RandomTransfers(elsewhere);
      await world.begin();
      for (const one of all) await world.happen(one);
      await world.end();
      expect(world.left).toBe(0);
      for (const [callId, times] of world.ended)
        expect([callId, times]).toEqual([callId, world.superseded.has(callId) ? 0 : 1]);
      expect(world.media.unreleased).toEqual([]);
      expect([...world.answers].filter(([, times]) => times !== 1)).toEqual([]);
      for (const { ladder } of world.parties) {
        expect([defectIn(ladder), ladder]).toEqual([undefined, ladder]);
        expect([newsDefectIn(ladder), ladder]).toEqual([undefined, ladder]);
        for (const step of ladder) if (step.includes('terminated')) outcomes.add(step.slice(8, 11));
      }
      expect(world.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      transferred += world.transferred;
    },
  );
  await fc.assert(property, { numRuns: 3_000 });
  // What never happens shows nothing.
  expect(transferred).toBeGreaterThan(100);
  expect([...outcomes]).toEqual(expect.arrayContaining(['200', '404', '481', '486', '491']));
}, 120_000);
