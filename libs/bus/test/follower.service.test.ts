import { bindingAdded, consoleProfile, registrationsStream } from '@callweave/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { type Connection } from '../src/connection.ts';
import { type Follower, onFact } from '../src/follower.ts';
import { provision } from '../src/provision.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { added } from './added.ts';

const STREAM = registrationsStream.name;

let nats: NatsServer;
let operator: Connection;
let bus: Bus;
let seen: string[];

beforeAll(async () => {
  nats = await startNats({ profiles: [consoleProfile] });
  operator = await nats.operator();
});

afterAll(() => nats.stop());

beforeEach(async () => {
  await operator.jsm.streams.purge(STREAM);
  seen = [];
  bus = await nats.bus(consoleProfile, 'ffffffffffffffff');
});

afterEach(() => bus.close());

function follow(): Follower {
  return bus.follow({
    stream: registrationsStream,
    lookBackSec: 60,
    onRestart: () => void seen.push('restart'),
    facts: [onFact(bindingAdded, ({ data }) => void seen.push(data.user))],
  });
}

async function store(...users: string[]): Promise<void> {
  for (const user of users) {
    const fact = added(user, 1);
    const envelope = {
      specversion: '1.0',
      id: fact.id,
      source: 'test',
      type: fact.type.type,
      time: '2026-01-01T00:00:00Z',
      datacontenttype: 'application/json',
      tenant: 'default',
      data: fact.data,
    };
    await operator.js.publish(fact.type.subject(fact.tokens), JSON.stringify(envelope));
  }
}

describe('who follows a stream', () => {
  test('is told what was stored lately, then what is stored, in order', async () => {
    await store('ann', 'bea');
    const follower = follow();
    await eventually(() => expect(seen).toEqual(['restart', 'ann', 'bea']));
    expect(follower.isCurrent).toBe(true);
    await store('cleo');
    await eventually(() => expect(seen).toEqual(['restart', 'ann', 'bea', 'cleo']));
  });

  test('is current at once when there is nothing', async () => {
    const follower = follow();
    await eventually(() => expect(follower.isCurrent).toBe(true));
    expect(seen).toEqual(['restart']);
  });

  test('passes over what breaks its contract', async () => {
    await operator.js.publish(bindingAdded.subject({ tenant: 'default', user: 'x' }), '{');
    await operator.js.publish(
      bindingAdded.subject({ tenant: 'default', user: 'x' }),
      JSON.stringify({ type: bindingAdded.type, data: {} }),
    );
    await store('ann');
    follow();
    await eventually(() => expect(seen).toEqual(['restart', 'ann']));
  });

  test('misses nothing and is told nothing twice when the server is killed and started again', async () => {
    await store('ann');
    follow();
    await eventually(() => expect(seen).toEqual(['restart', 'ann']));
    await nats.kill();
    await eventually(() => expect(bus.isConnected()).toBe(false));
    await nats.restart();
    await eventually(() => expect(operator.isConnected()).toBe(true));
    await store('bea');
    await eventually(() => expect(seen).toEqual(['restart', 'ann', 'bea']), { timeout: 20_000 });
  });

  test('starts anew when the stream was made anew', async () => {
    await store('ann');
    follow();
    await eventually(() => expect(seen).toEqual(['restart', 'ann']));
    await operator.jsm.streams.delete(STREAM);
    await provision(operator.jsm, { replicas: 1 });
    await store('bea');
    await eventually(() => expect(seen).toEqual(['restart', 'ann', 'restart', 'bea']), { timeout: 25_000 });
  });
});
