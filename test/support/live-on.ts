import { expect } from 'vitest';
import { callDetailRecords } from './call-facts.ts';
import { PACKETS_PER_SEC } from './media-sessions.ts';
import { listen, type Silence } from './silence.ts';
import { type SurvivalRow } from './survival-rows.ts';
import { CALLS, type TwoEdges } from './two-edges.ts';

/** Calls that begin while somebody suffers whom nobody is to miss. */
const BEGUN = { perSec: 3, seconds: 6 };

/**
 * Lets a blow fall on calls with speech. Each goes on: its session is agreed to anew and its BYE answered 200 (who is told
 * to come back later does), it ends once and has one record, nothing of it is left, and the books balance. Where nobody
 * is to notice anything, calls that begin meanwhile are all answered. How long the calls were silent.
 */
export async function liveOn(edges: TwoEdges, row: SurvivalRow, halfMs: number): Promise<Silence> {
  const known = new Set((await callDetailRecords(edges.bus)).map(({ callId }) => callId));
  let listening: Awaited<ReturnType<typeof listen>> | undefined;
  let beginning: Promise<void> = Promise.resolve();
  const fall = async (): Promise<void> => {
    listening = await listen(edges.bus, { known, talkMs: 2 * halfMs });
    if (row.isUnnoticed === true) beginning = callsBegin(edges);
    await row.blow(edges);
  };
  const talking = edges.talkThrough(fall, { talkMs: halfMs, changes: true, patienceMs: 45_000 });
  const results = await talking.finally(async () => {
    await row.heal?.(edges);
  });
  const silence = (await listening?.end()) ?? { calls: 0, median: 0, max: 0 };
  edges.expectAllContent(results);
  await beginning;
  await edges.expectAllEnded(row.isUnnoticed === true ? CALLS + BEGUN.perSec * BEGUN.seconds : CALLS);
  const records = (await callDetailRecords(edges.bus)).filter(
    ({ callId, talkMs }) => !known.has(callId) && talkMs > halfMs,
  );
  // What was heard of a call is known to the replica that released its media; one that is too slow keeps it to itself.
  const heard = records.flatMap(({ legs }) =>
    legs.flatMap(({ media }) => (media === undefined ? [] : [media.packets])),
  );
  expect(heard.length).toBeGreaterThan(0);
  expect(Math.min(...heard)).toBeGreaterThan((halfMs / 1_000) * PACKETS_PER_SEC);
  await edges.expectBooksBalance();
  return silence;
}

async function callsBegin({ others }: TwoEdges): Promise<void> {
  const { perSec, seconds } = BEGUN;
  const calls = perSec * seconds;
  for (const { errors, ...counts } of await others.talk({ calls, rate: perSec, talkMs: 500 })) {
    expect(counts, errors).toMatchObject({ successful: calls, failed: 0 });
  }
}
