import { type AuditedFact, isEnd } from './audited-fact.ts';
import { Books, type Doubt } from './books.ts';
import { type Finding, isOpen, judge } from './judge.ts';

/** What is audited, by the clock of the bus, epoch ms. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  /** A call of which something was told within this time may be about to end, ms. */
  readonly graceMs: number;
  /** Since when facts of calls are kept at all; calls that are older have lost their beginning. */
  readonly keptSinceMs: number;
}

/** A fact that could not be read. */
export interface BrokenFact {
  readonly kind: 'broken';
  readonly subject: string;
  readonly storedAtMs: number;
  readonly why: string;
}

/** What else is known of a call than what was told in the period. */
export interface Elsewhere {
  /** All that is kept of a call, of whatever time, in the order in which it was stored. */
  whole(call: Pick<Doubt, 'callId' | 'tenant'>): Promise<readonly AuditedFact[]>;
  /** Calls whose record is still there. */
  inProgress(): Promise<ReadonlySet<string>>;
}

/** How many calls there were, and all that is off with them. */
export interface Audit {
  readonly calls: number;
  /** Of them: answered and over, failed, and not over yet. */
  readonly answered: number;
  readonly failed: number;
  readonly inProgress: number;
  /** Of them: those that go beyond the period. */
  readonly beganBefore: number;
  readonly endedAfter: number;
  readonly findings: readonly Finding[];
}

/**
 * Audits the facts of a period, given in the order in which they were stored. A call that they do not show to be in
 * order is looked at again with all that is kept of it, so that the bounds of the period are nobody's fault.
 */
export async function audit(
  facts: AsyncIterable<AuditedFact | BrokenFact>,
  elsewhere: Elsewhere,
  period: Period,
): Promise<Audit> {
  const books = new Books();
  const findings: Finding[] = [];
  for await (const fact of facts) {
    if (fact.kind === 'broken') findings.push(unreadable(fact));
    else books.enter(fact);
  }
  const { answered, failed, doubts } = books.close();
  const total = { calls: answered + failed, answered, failed, inProgress: 0, beganBefore: 0, endedAfter: 0 };
  const open = await elsewhere.inProgress();
  for (const doubt of doubts) {
    const mayGoOn = (told: readonly AuditedFact[]): boolean =>
      open.has(doubt.callId) || told.some(({ storedAtMs }) => storedAtMs > period.nowMs - period.graceMs);
    const isJustOpen = judge(doubt.facts).every(isOpen) && mayGoOn(doubt.facts);
    const whole = isJustOpen ? doubt.facts : await elsewhere.whole(doubt);
    const hasLostStart = isOlderThanKept(whole, period);
    const off = judge(whole, { hasLostStart });
    const goesOn = off.some(isOpen) && mayGoOn(whole);
    findings.push(...off.filter((finding) => !goesOn || !isOpen(finding)));

    const begin = whole.find(({ kind }) => kind === 'initiated');
    const beganBefore = hasLostStart || (begin !== undefined && begin.storedAtMs < period.fromMs);
    // What came late of a call that is counted already.
    if (begin !== undefined && !beganBefore && !doubt.hasBegun) continue;
    const end = whole.find(isEnd);
    const over = end ?? whole.find(({ kind }) => kind === 'recorded');
    const wasAnswered = whole.some(({ kind, record }) => kind === 'answered' || record?.answeredAt !== undefined);
    total.calls += 1;
    if (goesOn) total.inProgress += 1;
    else if (over !== undefined) total[wasAnswered ? 'answered' : 'failed'] += 1;
    if (beganBefore) total.beganBefore += 1;
    if (end !== undefined && end.storedAtMs > period.toMs) total.endedAfter += 1;
  }
  return { ...total, findings: findings.sort((a, b) => a.atMs - b.atMs) };
}

function unreadable({ subject, storedAtMs, why }: BrokenFact): Finding {
  return {
    fault: 'unreadable',
    callId: subject.split('.').at(-2) ?? '',
    atMs: storedAtMs,
    detail: `${subject}: ${why}`,
  };
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Of the edge that named the call and of the bus. */
const CLOCKS_MS = 1_000;

/** Whether a call began before anything that is kept; its id (a ULID) begins with when it was made, in ms. */
function isOlderThanKept(facts: readonly AuditedFact[], { keptSinceMs }: Period): boolean {
  if (facts.some(({ kind }) => kind === 'initiated')) return false;
  const time = facts[0]?.callId.slice(0, 10) ?? '';
  return Array.from(time).reduce((ms, char) => 32 * ms + CROCKFORD.indexOf(char), 0) < keptSinceMs + CLOCKS_MS;
}
