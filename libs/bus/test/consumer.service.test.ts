import { bindingAdded } from '@callweave/contracts';
import { AckPolicy } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { type Connection } from '../src/connection.ts';
import { done, handler, type Outcome, reject, retry } from '../src/consumer.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { added } from './added.ts';
import { oracleProfile } from './weather.ts';

const STREAM = 'REGISTRATIONS';
const DURABLE = 'oracle-added';

let nats: NatsServer;
let operator: Connection;
let bus: Bus;
let seen: string[];
let outcomes: (() => Promise<Outcome>)[];

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile] });
  operator = await nats.operator();
});

afterAll(() => nats.stop());

beforeEach(async () => {
  await operator.jsm.streams.purge(STREAM);
  await addConsumer();
  seen = [];
  outcomes = [];
  bus = await nats.bus(oracleProfile, 'oooooooooooooooo');
});

afterEach(async () => {
  await bus.drain();
  await bus.close();
  await operator.jsm.consumers.delete(STREAM, DURABLE);
});

async function addConsumer(): Promise<void> {
  await operator.jsm.consumers.add(STREAM, {
    durable_name: DURABLE,
    ack_policy: AckPolicy.Explicit,
    filter_subject: bindingAdded.filter,
  });
}

function consume(): Promise<void> {
  return bus.consume(
    DURABLE,
    handler(bindingAdded, async ({ data, attempt, id }) => {
      seen.push(`${data.user} ${id} #${String(attempt)}`);
      return (await outcomes.shift()?.()) ?? done;
    }),
  );
}

/** Puts a fact into the stream past the publisher. */
async function store(user: string, data?: unknown): Promise<void> {
  const fact = added(user, 1);
  const envelope = {
    specversion: '1.0',
    id: fact.id,
    source: 'test',
    type: fact.type.type,
    time: '2026-01-01T00:00:00Z',
    datacontenttype: 'application/json',
    tenant: 'default',
    data: data ?? fact.data,
  };
  await operator.js.publish(fact.type.subject(fact.tokens), JSON.stringify(envelope));
}

/** Waits until the server has nothing left for the consumer. */
async function settled(): Promise<void> {
  await eventually(
    async () => {
      const { num_pending, num_ack_pending } = await operator.jsm.consumers.info(STREAM, DURABLE);
      expect([num_pending, num_ack_pending]).toEqual([0, 0]);
    },
    { timeout: 8_000 },
  );
}

describe('a fact that is delivered', () => {
  test('is finished when its handler is done', async () => {
    await consume();
    await store('alice');
    await store('bob');
    await eventually(() => expect(seen).toEqual(['alice alice-1 #1', 'bob bob-1 #1']));
    await settled();
  });

  test('comes again when its handler says so, after the time it says', async () => {
    outcomes = [() => Promise.resolve(retry(200)), () => Promise.resolve(done)];
    await consume();
    await store('alice');
    await eventually(() => expect(seen).toEqual(['alice alice-1 #1', 'alice alice-1 #2']));
    await settled();
  });

  test('comes again when its handler throws', async () => {
    outcomes = [() => Promise.reject(new Error('no luck'))];
    await consume();
    await store('alice');
    await eventually(() => expect(seen).toEqual(['alice alice-1 #1', 'alice alice-1 #2']), { timeout: 5_000 });
    await settled();
  });

  test('never comes again when its handler rejects it', async () => {
    outcomes = [() => Promise.resolve(reject('nonsense'))];
    await consume();
    await store('alice');
    await eventually(() => expect(seen).toHaveLength(1));
    await settled();
    expect(seen).toEqual(['alice alice-1 #1']);
  });

  test.each([
    ['breaks its contract', () => store('alice', { user: 7 })],
    ['is not JSON', () => operator.js.publish(bindingAdded.subject({ tenant: 'default', user: 'x' }), '{')],
  ])('never reaches the handler when it %s, and does not come again', async (_title, storeBad) => {
    await consume();
    await storeBad();
    await store('bob');
    await eventually(() => expect(seen).toEqual(['bob bob-1 #1']));
    await settled();
    expect(seen).toEqual(['bob bob-1 #1']);
  });

  test('is finished before the service has drained; what was fetched ahead goes to another replica at once', async () => {
    let finish = (): void => undefined;
    const info = () => operator.jsm.consumers.info(STREAM, DURABLE);
    outcomes = [() => new Promise((resolve) => (finish = () => resolve(done)))];
    await consume();
    await store('alice');
    await store('bob');
    await eventually(() => expect(seen).toHaveLength(1));
    await eventually(async () => expect((await info()).num_ack_pending).toBe(2));
    const draining = bus.drain().then(() => seen.push('drained'));
    await eventually(async () => expect((await info()).num_waiting).toBe(0));
    finish();
    await draining;
    await bus.close();
    bus = await nats.bus(oracleProfile, 'tttttttttttttttt');
    await consume();
    await eventually(() => expect(seen).toEqual(['alice alice-1 #1', 'drained', 'bob bob-1 #2']), 10_000);
    await settled();
  });
});

describe('a consumer', () => {
  test('goes on after the server was killed and started again', async () => {
    await consume();
    await store('alice');
    await eventually(() => expect(seen).toHaveLength(1));
    await settled();
    await nats.kill();
    await nats.restart();
    await eventually(() => expect(operator.isConnected()).toBe(true));
    await store('bob');
    await eventually(() => expect(seen.at(-1)).toBe('bob bob-1 #1'), { timeout: 8_000 });
  });
});
