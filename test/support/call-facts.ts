import { type Connection } from '@callweave/bus';
import { readFacts } from '@callweave/bus/testing';
import { callsBucket } from '@callweave/contracts';

/** Kinds of the events of every call so far, in order, by call. */
export async function callKinds(bus: Connection): Promise<Map<string, string[]>> {
  const facts = await readFacts(bus, 'CALLS', 'callweave.call.v1.>');
  const calls = new Map<string, { kind: string; sequence: number }[]>();
  for (const { subject, event } of facts) {
    const callId = event.callid ?? '';
    const kind = { kind: subject.split('.').at(-1) ?? '', sequence: event.sequence ?? 0 };
    calls.set(callId, [...(calls.get(callId) ?? []), kind]);
  }
  const kinds = new Map<string, string[]>();
  for (const [callId, told] of calls) {
    const gap = told.findIndex(({ sequence }, index) => sequence !== index + 1);
    if (gap !== -1) throw new Error(`${callId}: event ${String(gap + 1)} is missing, double or out of order`);
    kinds.set(
      callId,
      told.map(({ kind }) => kind),
    );
  }
  return kinds;
}

/** The cause in the terminal event of the latest call. */
export async function lastCause(bus: Connection): Promise<unknown> {
  const facts = await readFacts(bus, 'CALLS', 'callweave.call.v1.>');
  const last = facts.findLast(({ subject }) => /\.(ended|failed)$/.test(subject));
  return (last?.event.data as { cause?: unknown } | undefined)?.cause;
}

/** Records of calls and legs that are stored now. */
export async function callRecords({ jsm }: Connection): Promise<number> {
  return (await jsm.streams.info(`KV_${callsBucket.name}`)).state.messages;
}
