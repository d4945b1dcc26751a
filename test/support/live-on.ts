import { expect } from 'vitest';
import { callDetailRecords } from './call-facts.ts';
import { type SurvivalRow } from './survival-rows.ts';
import { type TwoEdges } from './two-edges.ts';

/** Packets a side sends in a second of speech. */
const PACKETS_PER_SEC = 50;

/**
 * Lets a blow fall on calls with speech. Each goes on: its session is agreed to anew and its BYE answered 200 (who is told
 * to come back later does), it ends once and has one record, nothing of it is left, and the books balance.
 */
export async function liveOn(edges: TwoEdges, { blow, heal }: SurvivalRow, halfMs: number): Promise<void> {
  const known = new Set((await callDetailRecords(edges.bus)).map(({ callId }) => callId));
  const fall = async (): Promise<void> => {
    await blow(edges);
  };
  const talking = edges.talkThrough(fall, { talkMs: halfMs, changes: true, patienceMs: 45_000 });
  const results = await talking.finally(async () => {
    await heal?.(edges);
  });
  edges.expectAllContent(results);
  await edges.expectAllEnded();
  const records = (await callDetailRecords(edges.bus)).filter(({ callId }) => !known.has(callId));
  // What was heard of a call is known to the replica that released its media; one that is too slow keeps it to itself.
  const heard = records.flatMap(({ legs }) =>
    legs.flatMap(({ media }) => (media === undefined ? [] : [media.packets])),
  );
  expect(heard.length).toBeGreaterThan(0);
  expect(Math.min(...heard)).toBeGreaterThan((halfMs / 1_000) * PACKETS_PER_SEC);
  await edges.expectBooksBalance();
}
