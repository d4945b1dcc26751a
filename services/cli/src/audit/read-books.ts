import { type Bus, type KeptFact } from '@callweave/bus';
import { callsBucket, callsStream, cdrsStream } from '@callweave/contracts';
import { type Audit, audit, type BrokenFact, type Elsewhere, type Period } from './audit.ts';
import { type AuditedFact, auditedFact } from './audited-fact.ts';

/** Audits what the bus keeps of a period. Reads only; holds a page of facts and the calls in progress. */
export async function readBooks(bus: Bus, asked: Omit<Period, 'keptSinceMs'>): Promise<Audit> {
  const keptSinceMs = (await bus.keptSince(callsStream)) ?? asked.nowMs;
  const period = { ...asked, fromMs: Math.max(asked.fromMs, keptSinceMs), keptSinceMs };
  const bounds = { sinceMs: period.fromMs, untilMs: period.toMs };
  const told = bus.keptFacts(callsStream, bounds);
  const recorded = bus.keptFacts(cdrsStream, bounds);
  return audit(read(told, recorded), elsewhere(bus), period);
}

function elsewhere(bus: Bus): Elsewhere {
  return {
    whole: async ({ tenant, callId }) => {
      const tokens = { tenant, callId };
      const facts: AuditedFact[] = [];
      const kept = read(bus.keptFacts(callsStream, { tokens }), bus.keptFacts(cdrsStream, { tokens }));
      for await (const fact of kept) if (fact.kind !== 'broken') facts.push(fact);
      return facts;
    },
    inProgress: async () => {
      const entries = await bus.bucket(callsBucket).list({ kind: 'call' });
      return new Set(entries.flatMap(({ value }) => (value.kind === 'call' ? [value.call.callId] : [])));
    },
  };
}

/** Both streams as one, in the order in which they were stored. */
async function* read(
  told: AsyncGenerator<KeptFact>,
  recorded: AsyncGenerator<KeptFact>,
): AsyncGenerator<AuditedFact | BrokenFact> {
  let [left, right] = [await told.next(), await recorded.next()];
  for (;;) {
    if (left.done !== true && (right.done === true || left.value.storedAtMs <= right.value.storedAtMs)) {
      yield audited(left.value);
      left = await told.next();
    } else if (right.done !== true) {
      yield audited(right.value);
      right = await recorded.next();
    } else return;
  }
}

function audited(fact: KeptFact): AuditedFact | BrokenFact {
  return fact.kind === 'broken' ? fact : auditedFact(fact);
}
