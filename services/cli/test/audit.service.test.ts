import { Bucket, type Connection } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  callAnswered,
  callEnded,
  CallId,
  callInitiated,
  callRecorded,
  callsBucket,
  defaultTenant,
  EpochMs,
  type EventType,
  InstanceId,
} from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { operatorOf, runCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const owner = InstanceId.parse('abcdefghijklmnop');
const legId = 'a'.repeat(36);
const TALK_MS = 7_000;

let nats: NatsServer;
let operator: Connection;

beforeAll(async () => {
  nats = await startNats();
  operator = await nats.operator();
  // More than a page of facts.
  for (let number = 0; number < 200; number++) await tell(idOf(number), 'initiated', 'answered', 'ended', 'recorded');
});

afterAll(() => nats.stop());

/** A call of now. */
function idOf(number: number): CallId {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const time = Array.from({ length: 10 }, (_, i) => alphabet[Math.floor(Date.now() / 32 ** (9 - i)) % 32]);
  return CallId.parse(`${time.join('')}${String(number).padStart(16, '0')}`);
}

type Step = 'initiated' | 'answered' | 'ended' | 'recorded';

async function tell(callId: CallId, ...steps: readonly Step[]): Promise<void> {
  const endedMs = Date.now();
  const [initiatedAt, answeredAt] = [endedMs - TALK_MS - 1_000, endedMs - TALK_MS];
  const cause = { by: 'callee', reason: 'hang-up', q850: 16 } as const;
  const about = { tenant: defaultTenant, callId, owner, epoch: 1 };
  const facts: Record<Step, { type: EventType; atMs: number; data: object }> = {
    initiated: {
      ...{ type: callInitiated, atMs: initiatedAt },
      data: { ...about, sequence: 1, from: 'sip:a@d', to: 'sip:b@d', sipCallId: 'x', legId },
    },
    answered: { type: callAnswered, atMs: answeredAt, data: { ...about, sequence: 2, legId, target: 'sip:b@d' } },
    ended: { type: callEnded, atMs: endedMs, data: { ...about, sequence: 3, cause, durationMs: TALK_MS } },
    recorded: {
      ...{ type: callRecorded, atMs: endedMs },
      data: { ...about, legs: [], initiatedAt, answeredAt, endedAt: endedMs, talkMs: TALK_MS, cause },
    },
  };
  for (const step of steps) {
    const { type, atMs, data } = facts[step];
    const sequence = 'sequence' in data ? { sequence: data.sequence } : {};
    const envelope = {
      ...{ specversion: '1.0', id: `${callId}.${step}`, source: 'test', type: type.type },
      ...{ time: new Date(atMs).toISOString(), datacontenttype: 'application/json', tenant: defaultTenant, data },
      ...{ callid: callId, ...sequence },
    };
    await operator.js.publish(type.subject({ tenant: defaultTenant, callId }), JSON.stringify(envelope));
  }
}

const audit = (...args: string[]) => runCli(['audit', ...args], operatorOf(nats));

/** The moment by which the bus has stored all that was told, and nothing that is told from now on. */
async function moment(): Promise<string> {
  const streams = await Promise.all(['CALLS', 'CDRS'].map((name) => operator.jsm.streams.info(name)));
  const ms = Math.max(...streams.map(({ state }) => Date.parse(state.last_ts))) + 1;
  await vi.waitUntil(() => Date.now() > ms);
  return new Date(ms).toISOString();
}

describe('callweave audit', () => {
  test('says that the books balance, exit 0', async () => {
    const { code, stdout, stderr } = await audit('--grace-sec', '0');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('200 calls: 200 answered, 0 failed, 0 in progress; 0 began before, 0 ended after');
    expect(stdout).toContain('the books balance');
  });

  test('knows calls in progress by their record, and takes calls that go beyond the period for what they are', async () => {
    const began = await moment();
    const [talking, over] = [idOf(1_000), idOf(1_001)];
    await tell(talking, 'initiated', 'answered');
    await tell(over, 'initiated', 'answered');
    const call = { tenant: defaultTenant, callId: talking, owner, epoch: 1, state: 'answered', legs: [] } as const;
    const record = { ...call, legs: [], sequence: 2, startedAt: EpochMs.parse(Date.now()) };
    const records = new Bucket(callsBucket, operator, systemClock);
    await records.create({ kind: 'call', id: talking }, { kind: 'call', call: record });
    const middle = await moment();
    await tell(over, 'ended', 'recorded');
    await tell(talking, 'ended', 'recorded');

    const strictly = ['--grace-sec', '0', '--json'];
    const first = await audit('--since', began, '--until', middle, ...strictly);
    expect(JSON.parse(first.stdout)).toMatchObject({
      calls: 2,
      inProgress: 1,
      answered: 1,
      endedAfter: 1,
      findings: [],
    });
    const second = await audit('--since', middle, ...strictly);
    expect(JSON.parse(second.stdout)).toMatchObject({ calls: 2, answered: 2, beganBefore: 2, findings: [] });
    expect([first.code, second.code]).toEqual([0, 0]);
  });

  test('names each call that is off, exit 1', async () => {
    const since = await moment();
    const [endless, unrecorded, unknown, broken] = [2_000, 2_001, 2_002, 2_003].map(idOf) as [
      ...[CallId, CallId, CallId, CallId],
    ];
    await tell(endless, 'initiated', 'answered');
    await tell(unrecorded, 'initiated', 'answered', 'ended');
    await tell(unknown, 'ended', 'recorded');
    await operator.js.publish(callEnded.subject({ tenant: defaultTenant, callId: broken }), '{}');

    const { code, stdout } = await audit('--since', since, '--grace-sec', '0');
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`Z ${endless} no-end: neither ended nor failed, last was answered`));
    expect(stdout).toMatch(new RegExp(`Z ${unrecorded} no-record: ended, no record`));
    expect(stdout).toMatch(new RegExp(`Z ${unknown} not-initiated: ended was told of a call that never began`));
    expect(stdout).toMatch(new RegExp(`Z ${broken} unreadable: callweave\\.call\\.v1\\.`));
    expect(stdout).toContain('the books do not balance: 4 calls are off');
    expect(await audit('--since', since, '--until', since)).toMatchObject({ code: 1, stdout: '' });
  });

  test('without a bus it says so, exit 69', async () => {
    const away = { ...operatorOf(nats), CALLWEAVE_NATS_URL: 'nats://127.0.0.1:1' };
    const { code, stderr } = await runCli(['audit'], away);
    expect(stderr).toContain('cannot be reached');
    expect(code).toBe(69);
  });
});
