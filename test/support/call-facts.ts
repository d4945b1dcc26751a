import { type Connection } from '@callweave/bus';
import { readFacts } from '@callweave/bus/testing';
import {
  callEnded,
  callInitiated,
  callRecorded,
  type CallRecord,
  callsBucket,
  type Cdr,
  cdrsStream,
  type LegRecord,
} from '@callweave/contracts';
import { type z } from 'zod';

interface Told {
  readonly kind: string;
  readonly sequence: number;
  readonly owner: string;
  readonly time: string;
}

/** Kinds of the events of every call so far, in order, by call. */
export async function callKinds(bus: Connection): Promise<Map<string, string[]>> {
  const facts = await readFacts(bus, 'CALLS', 'callweave.call.v1.>');
  const calls = new Map<string, Told[]>();
  for (const { subject, event } of facts) {
    const { callid: callId = '', sequence = 0, owner = '', time } = event;
    const kind = subject.split('.').at(-1) ?? '';
    calls.set(callId, [...(calls.get(callId) ?? []), { kind, sequence, owner, time }]);
  }
  const kinds = new Map<string, string[]>();
  for (const [callId, told] of calls) {
    // What an edge that died had left in its journal may be told after what is told by the edge that went on.
    const inOrder = told.toSorted((one, other) => one.sequence - other.sequence);
    if (!isWhole(inOrder) || !isEachInOrder(told)) {
      const all = told.map(({ kind, sequence, owner, time }) => `${String(sequence)} ${kind} by ${owner} at ${time}`);
      throw new Error(`${callId}: an event is missing, double or out of order: ${all.join(', ')}`);
    }
    kinds.set(
      callId,
      inOrder.map(({ kind }) => kind),
    );
  }
  return kinds;
}

/** An edge that died takes the number of what it told last with it: the end that another tells may leave a gap. */
function isWhole(inOrder: readonly Told[]): boolean {
  const counted = inOrder.at(-1)?.kind === 'failed' ? inOrder.slice(0, -1) : inOrder;
  return counted.every(({ sequence }, index) => sequence === index + 1);
}

function isEachInOrder(told: readonly Told[]): boolean {
  return told.every(({ owner, sequence }, index) =>
    told.slice(0, index).every((before) => before.owner !== owner || before.sequence < sequence),
  );
}

/** What was told of one call. */
export interface CallTold {
  /** Call-ID of its caller. */
  readonly sipCallId: string;
  /** `ended` and `failed`, as often as they were told. */
  readonly ends: readonly string[];
  /** How long it was talked, as its end says, ms. */
  readonly talkedMs?: number;
  /** Who told the end, and when. */
  readonly end?: string;
}

/** What was told of every call so far whose beginning was, by call; which of it was stored first says nothing. */
export async function toldCalls(bus: Connection): Promise<Map<string, CallTold>> {
  const begun = new Map<string, string>();
  const ends = new Map<string, Omit<CallTold, 'sipCallId'>>();
  for (const { subject, event } of await readFacts(bus, 'CALLS', 'callweave.call.v1.>')) {
    const kind = subject.split('.').at(-1) ?? '';
    const callId = event.callid ?? '';
    if (kind === 'initiated') begun.set(callId, callInitiated.data.parse(event.data).sipCallId);
    if (kind !== 'ended' && kind !== 'failed') continue;
    const talked = kind === 'ended' ? { talkedMs: callEnded.data.parse(event.data).durationMs } : {};
    const told = ends.get(callId);
    const end = `${kind} by ${event.owner ?? ''} at ${event.time}: ${JSON.stringify(event.data)}`;
    ends.set(callId, { ...told, ...talked, end, ends: [...(told?.ends ?? []), kind] });
  }
  return new Map([...begun].map(([callId, sipCallId]) => [callId, { sipCallId, ends: [], ...ends.get(callId) }]));
}

/** Records of all calls that are over so far, oldest first. */
export async function callDetailRecords(bus: Connection): Promise<Cdr[]> {
  const facts = await readFacts(bus, cdrsStream.name, callRecorded.filter);
  return facts.map(({ event }) => callRecorded.data.parse(event.data));
}

/** The cause in the terminal event of the latest call. */
export async function lastCause(bus: Connection): Promise<unknown> {
  const facts = await readFacts(bus, 'CALLS', 'callweave.call.v1.>');
  const last = facts.findLast(({ subject }) => /\.(ended|failed)$/.test(subject));
  return (last?.event.data as { cause?: unknown } | undefined)?.cause;
}

/** Who told the ends of all calls so far, by call. */
export async function endedBy(bus: Connection): Promise<Map<string, string>> {
  const facts = await readFacts(bus, 'CALLS', 'callweave.call.v1.>');
  const ends = facts.filter(({ subject }) => subject.endsWith('.ended'));
  return new Map(ends.map(({ event }) => [event.callid ?? '', event.owner ?? '']));
}

/** Records of calls that are stored now; those of an ended call stay for a while. */
export async function storedRecords({ jsm }: Connection): Promise<number> {
  return (await jsm.streams.info(`KV_${callsBucket.name}`)).state.messages;
}

/** Calls that are going on, as any edge would see it. */
export async function openCalls({ jsm }: Connection): Promise<CallRecord[]> {
  const stream = `KV_${callsBucket.name}`;
  const { state } = await jsm.streams.info(stream, { subjects_filter: `$KV.${callsBucket.name}.call.*` });
  const open: CallRecord[] = [];
  for (const subject of Object.keys(state.subjects ?? {})) {
    const value = await lastOf(jsm, stream, subject);
    if (value?.kind === 'call' && value.call.state !== 'ended') open.push(value.call);
  }
  return open;
}

/** What any edge would know of a dialog of an answered call: the caller's is the first. */
export function legOf(call: CallRecord | undefined, index: 0 | 1): LegRecord {
  const leg = call?.dialogs?.[index];
  if (leg === undefined) throw new Error('the call has no such dialog');
  return leg;
}

/** Calls of which another edge could take over the dialogs. */
export async function answeredCalls(bus: Connection): Promise<CallRecord[]> {
  return (await openCalls(bus)).filter(({ state }) => state === 'answered');
}

/** What is stored of a call now; undefined when nothing is. */
export async function callRecord({ jsm }: Connection, callId: string): Promise<CallRecord | undefined> {
  const { name } = callsBucket;
  const value = await lastOf(jsm, `KV_${name}`, `$KV.${name}.call.${callId}`);
  return value?.kind === 'call' ? value.call : undefined;
}

async function lastOf(
  jsm: Connection['jsm'],
  stream: string,
  subject: string,
): Promise<z.infer<typeof callsBucket.value> | undefined> {
  try {
    return callsBucket.value.parse((await jsm.streams.getMessage(stream, { last_by_subj: subject })).json());
  } catch (error) {
    // Removed since we were told of it.
    if (error instanceof Error && error.message.includes('no message found')) return undefined;
    throw error;
  }
}
