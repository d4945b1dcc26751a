import { type AuditedFact, isEnd } from './audited-fact.ts';

/** What can be off with a call. */
export type Fault =
  | 'not-initiated'
  | 'told-twice'
  | 'no-end'
  | 'two-ends'
  | 'ended-unanswered'
  | 'failed-although-answered'
  | 'number-double'
  | 'number-missing'
  | 'number-late'
  | 'no-record'
  | 'two-records'
  | 'record-without-end'
  | 'times-differ'
  | 'unreadable';

/** One thing that is off with one call. */
export interface Finding {
  readonly fault: Fault;
  readonly callId: string;
  /** When, by the clock of the bus, epoch ms. */
  readonly atMs: number;
  /** For people: what is off, and by how much. */
  readonly detail: string;
}

/** What may still come of a call that goes on. */
const OPEN: ReadonlySet<Fault> = new Set(['no-end', 'no-record']);
/** What can only be said of a call whose beginning is still kept. */
const FROM_THE_START: ReadonlySet<Fault> = new Set(['not-initiated', 'ended-unanswered', 'record-without-end']);
/** Clocks of two edges, and the moments between an end and its record. */
const TOLERANCE_MS = 1_000;

/** Whether this is nothing worse than that the call is not over. */
export function isOpen({ fault }: Finding): boolean {
  return OPEN.has(fault);
}

/**
 * All that is off with one call, of which these are all facts there are, in the order in which they were stored. Of a
 * call whose beginning is not kept any more (`hasLostStart`) only what the rest shows.
 */
export function judge(facts: readonly AuditedFact[], { hasLostStart = false } = {}): Finding[] {
  const [first] = facts;
  if (first === undefined) return [];
  const found: Finding[] = [];
  const add = (fault: Fault, detail: string, { callId, storedAtMs } = first): void => {
    if (!hasLostStart || !FROM_THE_START.has(fault)) found.push({ fault, callId, atMs: storedAtMs, detail });
  };
  const of = (kind: AuditedFact['kind']): AuditedFact[] => facts.filter((fact) => fact.kind === kind);
  const [initiated, answered] = [of('initiated'), of('answered')];
  const [ended, failed, records] = [of('ended'), of('failed'), of('recorded')];
  const ends = facts.filter(isEnd);
  const end = ended[0] ?? failed[0];
  const [record] = records;

  if (initiated.length === 0) add('not-initiated', `${first.name} was told of a call that never began`);
  for (const [, again] of [initiated, answered])
    if (again !== undefined) add('told-twice', `${again.name} twice`, again);
  if (end === undefined && !(hasLostStart && record !== undefined))
    add('no-end', `neither ended nor failed, last was ${facts.at(-1)?.name ?? ''}`);
  if (ends.length > 1) add('two-ends', ends.map(({ name }) => name).join(' and '), ends[1]);
  if (ended[0] !== undefined && answered.length === 0) add('ended-unanswered', 'ended, never answered', ended[0]);
  if (ended.length === 0 && failed[0] !== undefined && answered.length > 0)
    add('failed-although-answered', 'answered and failed', failed[0]);
  for (const [fault, detail, fact] of numberFaults(facts, initiated.length > 0)) add(fault, detail, fact);
  if (end !== undefined && record === undefined) add('no-record', `${end.name}, no record`, end);
  if (end === undefined && record !== undefined)
    add('record-without-end', 'recorded, neither ended nor failed', record);
  if (records.length > 1) add('two-records', `${String(records.length)} records`, records[1]);
  if (record !== undefined && end !== undefined) {
    const detail = differenceOf(record, answered[0], end);
    if (detail !== undefined) add('times-differ', detail, record);
  }
  return found;
}

/**
 * Numbers count from 1, or from the first there is, without a gap; who ends a call for a dead edge may leave one before
 * `failed`, and may tell that before the journal of the dead one is found. Of one owner they come in order.
 */
function numberFaults(facts: readonly AuditedFact[], hasStart: boolean): [Fault, string, AuditedFact][] {
  const faults: [Fault, string, AuditedFact][] = [];
  const numbered = facts.flatMap((fact) => (fact.sequence === undefined ? [] : [{ ...fact, number: fact.sequence }]));
  const highest = new Map<number | undefined, number>();
  for (const fact of numbered) {
    const before = highest.get(fact.epoch) ?? 0;
    if (fact.number < before)
      faults.push(['number-late', `${fact.name}, number ${String(fact.number)}, came late`, fact]);
    highest.set(fact.epoch, Math.max(before, fact.number));
  }
  const inOrder = numbered.sort((a, b) => a.number - b.number);
  let last = hasStart ? 0 : (inOrder[0]?.number ?? 1) - 1;
  for (const { number, ...fact } of inOrder) {
    if (number === last) faults.push(['number-double', `number ${String(number)} twice, once ${fact.name}`, fact]);
    else if (number !== last + 1 && fact.kind !== 'failed') {
      faults.push(['number-missing', `number ${String(last + 1)} is missing before ${fact.name}`, fact]);
    }
    last = number;
  }
  return faults;
}

/**
 * How the times of a record differ from what was told. An end may be told long after it (by a survivor), so that the
 * talk ended so long after the answer as the end itself says, and never after it was told.
 */
function differenceOf(
  { record }: AuditedFact,
  answered: AuditedFact | undefined,
  end: AuditedFact,
): string | undefined {
  if (record === undefined) return undefined;
  const { talkMs, answeredAt, endedAt } = record;
  const differ = (a: number, b: number): boolean => Math.abs(a - b) > TOLERANCE_MS;
  const { durationMs } = end;
  if (durationMs === undefined) {
    return talkMs === 0 && answeredAt === undefined ? undefined : `recorded as talked ${seconds(talkMs)}, but failed`;
  }
  if (differ(talkMs, durationMs)) return `recorded as talked ${seconds(talkMs)}, ended after ${seconds(durationMs)}`;
  if (answered === undefined) return undefined;
  const toldMs = end.toldAtMs - answered.toldAtMs;
  if (talkMs > toldMs + TOLERANCE_MS) return `recorded as talked ${seconds(talkMs)}, but over after ${seconds(toldMs)}`;
  if (answeredAt === undefined) return 'answered, recorded as unanswered';
  if (differ(answeredAt, answered.toldAtMs)) {
    return `recorded as answered ${seconds(answeredAt - answered.toldAtMs)} from when it was`;
  }
  const overMs = endedAt - (answered.toldAtMs + durationMs);
  return Math.abs(overMs) > TOLERANCE_MS ? `recorded as ended ${seconds(overMs)} from when it did` : undefined;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
