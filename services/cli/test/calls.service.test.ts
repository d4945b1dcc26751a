import { type NatsServer, startNats } from '@callweave/bus/testing';
import { callRecorded, type Cdr } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type z } from 'zod';
import { operatorOf, runCli } from './run-cli.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HOUR_MS = 3_600_000;
const answered = '01HF7YAT000000000000000000';
const busy = '01HF7YAT000000000000000001';

let nats: NatsServer;

beforeAll(async () => {
  nats = await startNats();
  const { js } = await nats.operator();
  const beganAt = Date.now() - HOUR_MS;
  const caller = {
    legId: 'a'.repeat(36),
    role: 'caller',
    user: 'alice',
    device: 'sip:alice@192.0.2.1',
    begunAt: beganAt,
  };
  const callee = { legId: 'b'.repeat(36), role: 'callee', user: 'bob', device: 'sip:bob@192.0.2.2', begunAt: beganAt };
  const common = {
    ...{ tenant: 'default', owner: 'abcdefghijklmnop', epoch: 1, from: '<sip:alice@\u001b[2Jexample.org>' },
    ...{ dialled: 'bob', initiatedAt: beganAt, endedAt: beganAt + 9_000 },
  };
  const records: z.input<(typeof callRecorded)['data']>[] = [
    {
      ...common,
      callId: answered,
      source: { kind: 'trunk', trunk: 'carrier' },
      legs: [
        { ...caller, role: 'caller' },
        {
          ...{ ...callee, role: 'callee', answeredAt: beganAt + 2_000, sipStatus: 200 },
          media: { packets: 350, bytes: 60_200, errors: 0, packetsLost: 2, jitterMs: 1.5, mos: 4.3 },
        },
      ],
      ...{ pddMs: 100, setupMs: 2_000, answeredAt: beganAt + 2_000, talkMs: 7_000 },
      cause: { by: 'callee', reason: 'hang-up', q850: 16 },
    },
    {
      ...common,
      callId: busy,
      legs: [{ ...caller, role: 'caller' }],
      talkMs: 0,
      cause: { by: 'callee', reason: 'busy', sipStatus: 486, q850: 17 },
    },
  ];
  for (const data of records) {
    const envelope = {
      ...{ specversion: '1.0', id: `${data.callId}.cdr`, source: 'test', type: callRecorded.type },
      ...{ time: new Date().toISOString(), datacontenttype: 'application/json', tenant: 'default', data },
    };
    await js.publish(callRecorded.subject(data), JSON.stringify(envelope));
  }
});

afterAll(() => nats.stop());

const calls = (...args: string[]) => runCli(['calls', ...args], operatorOf(nats));

describe('callweave calls', () => {
  test('lists who called whom, how long and why it ended, and lets nobody steer the terminal', async () => {
    const { code, stdout, stderr } = await calls();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/│ bob +│ after 0\.1 s +│ 7\.0 s +│ callee +│ hang-up +│ 16/);
    expect(stdout).toMatch(/busy +│ 17/);
    expect(stdout).toContain('2 calls');
    expect(stdout).not.toContain('\u001b[2J');
  });

  test('shows one call with its legs and what was heard of them', async () => {
    const { stdout } = await calls('--id', answered);
    expect(stdout).toMatch(/trunk +│ carrier/);
    expect(stdout).toMatch(/cause +│ hang-up by callee, Q\.850 16/);
    expect(stdout).toMatch(/sip:bob@192\.0\.2\.2.*│ 200 +│ 350 +│ 2 +│ 1\.5 ms +│ 4\.3/);
    expect(stdout).not.toContain(busy);
  });

  test('prints for programs what was recorded, a line a call', async () => {
    const { stdout } = await calls('--json', '--since', '2h');
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Cdr);
    expect(records.map(({ callId }) => callId)).toEqual([answered, busy]);
  });

  test('says what it cannot find or read, exit 1', async () => {
    expect(await calls('--id', 'X')).toMatchObject({ code: 1, stderr: 'callweave: there is no record of call X\n' });
    expect(await calls('--since', 'lately')).toMatchObject({ code: 1 });
  });
});
