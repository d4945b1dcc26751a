import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection } from '@callweave/bus';
import { type NatsServer, readFacts, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import {
  callRecorded,
  CallId,
  type CallRecord,
  callsBucket,
  type Cdr,
  cdrsStream,
  defaultTenant,
  edgeProfile,
  EpochMs,
  InstanceId,
  LegId,
} from '@callweave/contracts';
import { createInstanceId } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CallRecords } from '../src/call/call-records.ts';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { JournalTeller } from '../src/call/journal-teller.ts';
import { ENDED_KEPT_MS } from '../src/call/leftovers.ts';
import { LegTable } from '../src/leg/leg.ts';
import { Adopter } from '../src/survive/adopter.ts';
import { Sweep } from '../src/survive/sweep.ts';
import { edge } from './fake-call.ts';

const survivor = InstanceId.parse(createInstanceId());
let nats: NatsServer;
let operator: Connection;
const directory = mkdtempSync(join(tmpdir(), 'callweave-cdr-'));

beforeAll(async () => {
  nats = await startNats();
  operator = await nats.operator();
});

afterAll(async () => {
  await nats.stop();
  rmSync(directory, { recursive: true, force: true });
});

function answeredCall(): CallRecord {
  const callId = CallId.parse(ulid());
  const ids = { tenant: defaultTenant, callId, owner: edge, epoch: 1, sequence: 4 };
  const [startedAt, answeredAt] = [1_000, 3_000].map((ms) => EpochMs.parse(Date.now() - 10_000 + ms)) as [
    EpochMs,
    EpochMs,
  ];
  const caller = LegId.parse('a'.repeat(36));
  const detail = { dialled: 'b', legs: [{ legId: caller, role: 'caller', device: 'sip:a@d', begunAt: startedAt }] };
  return { ...ids, state: 'answered', legs: [caller], startedAt, answeredAt, detail: detail as CallRecord['detail'] };
}

async function recordsOf(callId: CallId): Promise<Cdr[]> {
  const subject = callRecorded.subject({ tenant: defaultTenant, callId });
  const facts = await readFacts(operator, cdrsStream.name, subject);
  return facts.map(({ event }) => callRecorded.data.parse(event.data));
}

describe('the record of a call', () => {
  test('is stored once, although two edges that took each other for dead both end the call', async () => {
    const call = answeredCall();
    for (const epoch of [1, 2]) {
      const bus = await nats.bus(edgeProfile, createInstanceId());
      const publisher = await bus.openPublisher(join(directory, String(epoch)));
      const teller = new JournalTeller({ ...call, epoch }, edge, { publisher, clock: systemClock });
      teller.ended({ by: 'caller', reason: 'hang-up' }, 2_000, undefined);
      await publisher.flush();
    }
    expect(await recordsOf(call.callId)).toMatchObject([{ epoch: 1, dialled: 'b', talkMs: 2_000 }]);
  });

  test('is written by another edge when the one that ended the call died before it had told so', async () => {
    const bus = await nats.bus(edgeProfile, createInstanceId());
    const publisher = await bus.openPublisher(join(directory, 'survivor'));
    const call = answeredCall();
    const log = recordLogs();
    const dying = new CallRecords({ bus, owner: () => edge, clock: new FakeClock(Date.now()), log });
    await bus.bucket(callsBucket).create({ kind: 'call', id: call.callId }, { kind: 'call', call });
    await dying.end(call.callId, { by: 'callee', reason: 'hang-up', q850: 31 });

    const later = new FakeClock(Date.now() + 2 * ENDED_KEPT_MS);
    const owner = (): typeof edge => survivor;
    const records = new CallRecords({ bus, owner, clock: later, log });
    const media = { offer: vi.fn(), answer: vi.fn(), release: vi.fn() };
    const calls = new EstablishedCalls({
      refer: (request) => request.reply({ status: 202 }),
      records,
      media,
      clock: later,
      log,
    });
    const openTeller = (told: CallRecord) => new JournalTeller(told, told.owner, { publisher, clock: later });
    const send = vi.fn();
    const adopter = new Adopter({
      knowsOurTags: () => true,
      records,
      calls,
      legs: new LegTable(),
      sendThrough: () => send,
      whereabouts: { find: () => Promise.resolve(undefined) },
      isAlive: () => false,
      owner: () => edge,
      media,
      openTeller,
      clock: later,
      log,
    });
    const peers = { holds: () => Promise.resolve(false) };
    const watched = { records, calls, adopter, peers, owner, holders: () => [survivor], isSetUpHere: () => false };
    const sweep = new Sweep({ ...watched, releaseMedia: () => undefined, clock: later, log });
    later.advance(20_000);
    await vi.waitFor(async () => expect(await recordsOf(call.callId)).toHaveLength(1), { timeout: 10_000 });
    sweep.stop();
    const [record] = await recordsOf(call.callId);
    expect(record).toMatchObject({ dialled: 'b', cause: { by: 'callee', reason: 'hang-up', q850: 31 } });
    expect(record?.endedAt).toBeLessThanOrEqual(Date.now());
    await vi.waitFor(async () => {
      expect(await bus.bucket(callsBucket).get({ kind: 'call', id: call.callId })).toBeUndefined();
    }, 10_000);
  });
});
