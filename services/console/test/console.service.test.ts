import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, type Bus, type Fact, type Publisher } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  Aor,
  callAnswered,
  callEnded,
  CallId,
  callInitiated,
  callsBucket,
  defaultTenant,
  edgeProfile,
  EpochMs,
  InstanceId,
  LegId,
  listRegistrations,
  registrarProfile,
  User,
} from '@callweave/contracts';
import { createInstanceId, loadConfig } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type z } from 'zod';
import { CallPage, InstanceList, RegistrationPage, Status } from '../src/api.ts';
import { config } from '../src/config.ts';
import { type RunningConsole, startConsole } from '../src/service.ts';

const USERS = 10_000;
const owner = InstanceId.parse('eeeeeeeeeeeeeeee');
const legId = LegId.parse('a'.repeat(36));
const tenant = defaultTenant;
const eventually = { timeout: 20_000, interval: 50 };

let nats: NatsServer;
let edge: Bus;
let publisher: Publisher;
let serial = 0;
const directory = mkdtempSync(join(tmpdir(), 'callweave-console-'));
const consoles: RunningConsole[] = [];

beforeAll(async () => {
  nats = await startNats();
  edge = await nats.bus(edgeProfile, owner);
  publisher = await edge.openPublisher(directory);
});

afterEach(async () => {
  for (const running of consoles.splice(0)) {
    await running.drain();
    await running.stop();
  }
});

afterAll(async () => {
  await nats.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function open(port = 0): Promise<RunningConsole> {
  const running = await startConsole({
    name: 'console',
    instance: createInstanceId(),
    version: '0.0.0',
    clock: systemClock,
    log: recordLogs(),
    config: loadConfig(config, {
      CALLWEAVE_NATS_URL: nats.url,
      CALLWEAVE_NATS_USER: 'console',
      CALLWEAVE_NATS_PASSWORD: 'console',
      CALLWEAVE_CONSOLE_PORT: String(port),
    }),
  });
  consoles.push(running);
  await vi.waitFor(() => expect(running.notReady()).toBeUndefined(), eventually);
  return running;
}

async function get<S extends z.ZodType>(running: RunningConsole, path: string, schema: S): Promise<z.output<S>> {
  const response = await fetch(`http://127.0.0.1:${String(running.port)}/api/v1/${path}`);
  return schema.parse(await response.json());
}

async function callsAt(running: RunningConsole): Promise<string[]> {
  const { calls } = await get(running, 'calls', CallPage);
  return calls.map(({ callId, state, from }) => `${callId} ${state} ${from?.user ?? '-'}`);
}

function newCallId(): CallId {
  serial += 1;
  return CallId.parse(`01J${String(serial).padStart(23, '0')}`);
}

function tell<P extends `callweave.call.v1.{tenant}.{callId}.${string}`, S extends z.ZodType>(
  type: Fact<P, S>['type'],
  callId: CallId,
  sequence: number,
  fields: object,
): void {
  publisher.tell({
    type,
    tokens: { tenant, callId } as Fact<P, S>['tokens'],
    id: `${callId}.${String(sequence)}`,
    data: { tenant, callId, owner, epoch: 1, sequence, ...fields } as z.input<S>,
    context: { tenant, callid: callId, owner, epoch: 1, sequence },
  });
}

function begin(callId: CallId): void {
  tell(callInitiated, callId, 1, {
    ...{ from: '<sip:alice@example.org>', to: '<sip:bob@example.org>', sipCallId: 'x', legId },
  });
}

function end(callId: CallId): void {
  tell(callEnded, callId, 9, { cause: { by: 'caller', reason: 'hang-up' }, durationMs: 1_000 });
}

describe('the console on a bus', () => {
  test('shows a call from its beginning to its end', async () => {
    const running = await open();
    const callId = newCallId();
    begin(callId);
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([`${callId} routing alice`]), eventually);
    tell(callAnswered, callId, 2, { legId, target: 'sip:bob@192.0.2.1' });
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([`${callId} answered alice`]), eventually);
    end(callId);
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([]), eventually);
  });

  test('knows, when it starts, the calls that began before: ringing ones by what was told, answered ones by record', async () => {
    const [ringing, ended, answered] = [newCallId(), newCallId(), newCallId()];
    begin(ringing);
    begin(ended);
    end(ended);
    await publisher.flush();
    const startedAt = EpochMs.parse(1_000);
    const call = { tenant, callId: answered, owner, epoch: 1, legs: [legId], sequence: 0, startedAt };
    await edge
      .bucket(callsBucket)
      .create(
        { kind: 'call', id: answered },
        { kind: 'call', call: { ...call, state: 'answered', from: '<sip:carol@example.org>' } },
      );
    const running = await open();
    await vi.waitFor(
      async () => expect(await callsAt(running)).toEqual([`${answered} answered carol`, `${ringing} routing alice`]),
      eventually,
    );
    for (const callId of [ringing, answered]) end(callId);
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([]), eventually);
    await edge.bucket(callsBucket).modify({ kind: 'call', id: answered }, () => 'remove');
  });

  test('shows which processes live, itself among them', async () => {
    const running = await open();
    await edge.serve();
    await vi.waitFor(async () => {
      const { instances } = await get(running, 'instances', InstanceList);
      expect(instances).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ service: 'console', state: 'alive' }),
          expect.objectContaining({ service: 'edge-signaling', instance: owner, state: 'alive' }),
        ]),
      );
    }, eventually);
  });

  test('pages through ten thousand registrations that the registrar lists', async () => {
    const users = Array.from({ length: USERS }, (_, i) => `user${String(i).padStart(5, '0')}`);
    const registrar = await nats.bus(registrarProfile, createInstanceId());
    await registrar.serve([
      answer(listRegistrations, ({ after, limit }) => {
        const rest = users.filter((user) => after === undefined || user > after);
        const page = rest.slice(0, limit).map((name) => ({
          user: User.parse(name),
          aor: Aor.parse(`sip:${name}@example.org`),
          bindings: [],
        }));
        return Promise.resolve({ users: page, total: users.length, more: rest.length > limit });
      }),
    ]);
    const running = await open();
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const after = next === undefined ? '' : `&after=${next}`;
      const page = await get(running, `registrations?limit=500${after}`, RegistrationPage);
      expect(page.total).toBe(USERS);
      seen.push(...page.registrations.map(({ user }) => user));
      ({ next } = page);
    } while (next !== undefined);
    expect(seen).toEqual(users);
    await registrar.drain();
    await registrar.close();
  });

  test('lets a reader of one replica go on at another where it was', async () => {
    const [first, second] = [await open(), await open()];
    const callId = newCallId();
    begin(callId);
    await vi.waitFor(async () => expect(await callsAt(second)).toHaveLength(1), eventually);
    const { cursor } = await get(second, 'calls', CallPage);
    end(callId);
    await vi.waitFor(async () => expect(await callsAt(first)).toEqual([]), eventually);
    const aborted = new AbortController();
    const url = `http://127.0.0.1:${String(first.port)}/api/v1/events?after=${cursor}`;
    const { body } = await fetch(url, { signal: aborted.signal });
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('event: bus')) text += (await reader?.read())?.value ?? '';
    aborted.abort();
    expect([...text.matchAll(/"kind":"(\w+)"/g)].map(([, kind]) => kind)).toEqual(['ended']);
  });

  test('names the port that is taken, and the setting', async () => {
    const { port } = await open();
    await expect(open(port)).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
      message: `port ${String(port)} of 127.0.0.1 is taken: free it or set CALLWEAVE_CONSOLE_PORT`,
    });
  });

  test('goes on showing what it knew while the bus is away, says so, and catches up', async () => {
    const running = await open();
    const [before, during] = [newCallId(), newCallId()];
    begin(before);
    await vi.waitFor(async () => expect(await callsAt(running)).toHaveLength(1), eventually);
    await nats.kill();
    await vi.waitFor(async () => expect((await get(running, 'status', Status)).bus).toBe('away'), eventually);
    const page = await get(running, 'calls', CallPage);
    expect([page.current, page.calls.length, running.notReady()]).toEqual([false, 1, undefined]);
    const refused = await fetch(`http://127.0.0.1:${String(running.port)}/api/v1/registrations`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    begin(during);
    end(before);
    await nats.restart();
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([`${during} routing alice`]), eventually);
    expect((await get(running, 'calls', CallPage)).current).toBe(true);
    end(during);
    await vi.waitFor(async () => expect(await callsAt(running)).toEqual([]), eventually);
  });
});
