import { bindingAdded, defaultTenant, registrationsStream } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Connection } from '../src/connection.ts';
import {
  keptFacts,
  type KeptFactsOptions,
  keptSince,
  storedFacts,
  type StoredFactsOptions,
} from '../src/stored-facts.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { added } from './added.ts';

let nats: NatsServer;
let operator: Connection;

beforeAll(async () => {
  nats = await startNats({ profiles: [] });
  operator = await nats.operator();
});

afterAll(() => nats.stop());

/** Stores that these users registered. */
async function store(...users: string[]): Promise<void> {
  for (const user of users) {
    const { id, type, tokens, data } = added(user, 1);
    const envelope = {
      ...{ specversion: '1.0', id, source: 'test', type: type.type, time: '2026-01-01T00:00:00Z' },
      ...{ datacontenttype: 'application/json', tenant: 'default', data },
    };
    await operator.js.publish(type.subject(tokens), JSON.stringify(envelope));
  }
}

async function usersOf(options: StoredFactsOptions<(typeof bindingAdded)['pattern']>): Promise<string[]> {
  const users: string[] = [];
  for await (const { data } of storedFacts(operator, bindingAdded, options)) users.push(data.user);
  return users;
}

describe('the facts that are stored', () => {
  test('are read in order, all of them or those about somebody, and the reading ends', async () => {
    expect(await usersOf({})).toEqual([]);
    const many = Array.from({ length: 600 }, (_, i) => `user.${String(i)}`);
    await store(...many);
    expect(await usersOf({})).toEqual(many);
    expect(await usersOf({ tokens: { tenant: defaultTenant, user: 'user.7' } })).toEqual(['user.7']);
    expect(await usersOf({ tokens: { user: 'nobody' } })).toEqual([]);
    expect(await usersOf({ tokens: { tenant: 'another' } })).toEqual([]);
  });

  test('can be asked for from a moment on', async () => {
    const { state } = await operator.jsm.streams.info('REGISTRATIONS');
    await store('late');
    const before = Date.parse(state.last_ts);
    expect(await usersOf({ sinceMs: before + 1 })).toEqual(['late']);
  });
});

describe('all that a stream keeps', () => {
  async function kept(options: KeptFactsOptions): Promise<string[]> {
    const subjects: string[] = [];
    for await (const fact of keptFacts(operator, registrationsStream, options)) {
      subjects.push(`${fact.kind} ${fact.subject.split('.').slice(-2).join('.')}`);
    }
    return subjects;
  }

  test('is read in order between two moments, of anybody or of one, and shows what nobody can read', async () => {
    const { state } = await operator.jsm.streams.info(registrationsStream.name);
    const sinceMs = Date.parse(state.last_ts) + 1;
    await vi.waitUntil(() => Date.now() > sinceMs);
    await store('kept');
    await operator.js.publish('callweave.registration.v1.default.kept.removed', '{}');
    const untilMs = Date.parse((await operator.jsm.streams.info(registrationsStream.name)).state.last_ts) + 1;
    expect(await kept({ sinceMs, untilMs })).toEqual(['fact kept.added', 'broken kept.removed']);
    expect(await kept({ untilMs: sinceMs })).toHaveLength(state.messages);
    expect(await kept({ tokens: { tenant: defaultTenant, user: 'kept' } })).toHaveLength(2);
    expect(await keptSince(operator, registrationsStream)).toBe(Date.parse(state.first_ts));
  });
});
