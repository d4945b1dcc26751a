import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, type Connection } from '@callweave/bus';
import { type NatsServer, readFacts, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  defaultTenant,
  edgeProfile,
  FlowToken,
  bindingAdded,
  register,
  type RegisterRequest,
  type RegisterResponse,
  removeRegistration,
  User,
} from '@callweave/contracts';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { config } from '../src/config.ts';
import { startRegistrar } from '../src/service.ts';

let nats: NatsServer;
let edge: Bus;
let operator: Connection;
const directory = mkdtempSync(join(tmpdir(), 'callweave-registrar-'));
const registrars: RunningService[] = [];

beforeAll(async () => {
  nats = await startNats();
  operator = await nats.operator();
  edge = await nats.bus(edgeProfile, createInstanceId());
  for (const name of ['one', 'two']) registrars.push(await startReplica(name));
});

afterAll(async () => {
  for (const registrar of registrars) {
    await registrar.drain();
    await registrar.stop();
  }
  await nats.stop();
  rmSync(directory, { recursive: true, force: true });
});

function startReplica(name: string): Promise<RunningService> {
  return startRegistrar({
    name: 'registrar',
    instance: createInstanceId(),
    version: '0.0.0',
    clock: systemClock,
    log: recordLogs(),
    config: loadConfig(config, {
      CALLWEAVE_NATS_URL: nats.url,
      CALLWEAVE_NATS_USER: 'registrar',
      CALLWEAVE_NATS_PASSWORD: 'registrar',
      CALLWEAVE_STATE_DIR: join(directory, name),
      CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC: '1',
    }),
  });
}

function ask(user: string, fields: Partial<RegisterRequest> = {}): Promise<RegisterResponse> {
  const request = {
    tenant: defaultTenant,
    user,
    aor: `sip:${user}@example.org`,
    callId: `call-${user}`,
    cseq: 1,
    contacts: [{ contact: `sip:${user}@192.0.2.1` }],
    path: [],
    edge: 'abcdefghijklmnop',
    flow: 'flow',
    ...fields,
  };
  return edge.ask(register, {}, request, { deadlineMs: 5_000 });
}

/** Every stored event of a user, as `kind sequence`. */
async function storedEvents(user: string): Promise<string[]> {
  const filter = bindingAdded.subject({ tenant: defaultTenant, user }).replace(/added$/, '*');
  const facts = await readFacts(operator, 'REGISTRATIONS', filter);
  return facts.map(({ subject, event }) => `${subject.split('.').at(-1) ?? ''} ${String(event.sequence)}`);
}

describe('two registrars on one bus', () => {
  test('a registration is stored, told once, and seen by either replica', async () => {
    expect(await ask('ann')).toMatchObject({ kind: 'registered', contacts: [{ expiresSec: 3600 }] });
    expect(await ask('ann')).toMatchObject({ kind: 'registered', contacts: [{ contact: 'sip:ann@192.0.2.1' }] });
    await vi.waitFor(async () => expect(await storedEvents('ann')).toEqual(['added 1']), 5_000);
  });

  test('devices that register at the same moment all count', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        ask('busy', { callId: `c${String(i)}`, contacts: [{ contact: `sip:busy@192.0.2.${String(i)}` }] }),
      ),
    );
    expect(answers.every(({ kind }) => kind === 'registered')).toBe(true);
    const all = await ask('busy', { callId: 'query', contacts: [] });
    expect(all.kind === 'registered' && all.contacts.length).toBe(8);
    await vi.waitFor(async () => expect(await storedEvents('busy')).toHaveLength(8), 5_000);
  });

  test('a binding that runs out goes by itself and is told exactly once', async () => {
    await ask('short', { expiresSec: 1 });
    await vi.waitFor(async () => expect(await storedEvents('short')).toEqual(['added 1', 'removed 2']), {
      timeout: 12_000,
      interval: 200,
    });
    expect(await ask('short', { cseq: 2, contacts: [] })).toEqual({ kind: 'registered', contacts: [] });
  });

  test('with its connection goes what can be reached by nothing else, told with the reason, and once', async () => {
    const [closed, open] = ['closed', 'open'].map((name) => FlowToken.parse(name));
    const device = (host: string, flow: string | undefined, received?: string): Promise<RegisterResponse> =>
      ask('web', { callId: host, contacts: [{ contact: `sip:web@${host}` }], flow: FlowToken.parse(flow), received });
    await device('gone.invalid', closed, '192.0.2.1:40000');
    await device('back.invalid', open, '192.0.2.1:40001');
    await device('192.0.2.9', closed);
    const closing = { tenant: defaultTenant, user: User.parse('web'), flow: closed };
    expect(await edge.ask(removeRegistration, {}, closing, { deadlineMs: 5_000 })).toEqual({ removed: 1 });
    expect(await edge.ask(removeRegistration, {}, closing, { deadlineMs: 5_000 })).toEqual({ removed: 0 });
    expect(await ask('web', { callId: 'query', contacts: [] })).toMatchObject({
      contacts: [{ contact: 'sip:web@back.invalid' }, { contact: 'sip:web@192.0.2.9' }],
    });
    // Each replica tells when it gets to it: what one told before may be stored after.
    await vi.waitFor(
      async () =>
        expect((await storedEvents('web')).toSorted()).toEqual(['added 1', 'added 2', 'added 3', 'removed 4']),
      5_000,
    );
  });

  test('users of hostile names are kept apart', async () => {
    const names = ['a.b', 'a*', '*', '>', 'a b', 'a=2Eb', 'jürgen', 'x'.repeat(8192), 'x'.repeat(8193)];
    for (const name of names) expect((await ask(name)).kind).toBe('registered');
    for (const name of names) {
      const answer = await ask(name, { cseq: 2, contacts: [] });
      expect(answer).toMatchObject({ contacts: [{ contact: `sip:${name}@192.0.2.1` }] });
    }
  });
});
