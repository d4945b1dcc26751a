// How large what is stored of a call is, bytes: its record in KV while it is answered, which another edge adopts it by,
// each fact that is told of it, and its detail record. Of calls between phones, with media anchored.
import { answeredCalls, type Connection, until } from '@callweave/test';
import { startPlatformSide } from '../support/call-sides.ts';
import { spread } from '../support/statistics.ts';

const CALLS = 50;
const TALK_MS = 5_000;

const side = await startPlatformSide('platform');
try {
  const bus = await side.platform.bus();
  const calling = side.call({ rate: CALLS, calls: CALLS, talkMs: TALK_MS });
  await until('all are answered', async () => (await answeredCalls(bus)).length === CALLS);
  const record = spread(await sizesOf(bus, 'KV_calls', '$KV.calls.call.*'));
  const { failed, errors } = await calling;
  if (failed > 0) throw new Error(errors);
  const recorded = (): Promise<string[]> => subjectsOf(bus, 'CDRS', 'callweave.cdr.>');
  await until('each has its detail record', async () => (await recorded()).length === CALLS);
  const facts: Record<string, unknown> = {};
  for (const kind of ['initiated', 'routed', 'ringing', 'answered', 'ended'])
    facts[kind] = spread(await sizesOf(bus, 'CALLS', `callweave.call.*.*.*.${kind}`));
  const detailRecord = spread(await sizesOf(bus, 'CDRS', 'callweave.cdr.>'));
  console.log(JSON.stringify({ calls: CALLS, bytes: { record, ...facts, detailRecord } }));
} finally {
  await side.stop();
}

async function subjectsOf({ jsm }: Connection, stream: string, filter: string): Promise<string[]> {
  const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
  return Object.keys(state.subjects ?? {});
}

/** Of the latest message of each subject, without its headers. */
async function sizesOf(bus: Connection, stream: string, filter: string): Promise<number[]> {
  const subjects = await subjectsOf(bus, stream, filter);
  return Promise.all(
    subjects.map(async (subject) => (await bus.jsm.streams.getMessage(stream, { last_by_subj: subject })).data.length),
  );
}
