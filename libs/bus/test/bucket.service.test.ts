import { systemClock } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import { authProfile, type KeyRing, nonceKeysBucket, subscribersBucket } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { ErrorCode, NatsError } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { Bucket } from '../src/bucket.ts';
import { type Connection } from '../src/connection.ts';
import { Departures } from '../src/departures.ts';
import { type JetStream } from '../src/jetstream.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { Watch } from '../src/watch.ts';

type Keys = Bucket<typeof nonceKeysBucket.pattern, typeof KeyRing>;

let nats: NatsServer;
let operator: Connection;
let keys: Keys;
let purpose: string;
let made = 0;

beforeAll(async () => {
  nats = await startNats();
  operator = await nats.operator();
  keys = new Bucket(nonceKeysBucket, operator, systemClock);
});

afterAll(() => nats.stop());

beforeEach(() => {
  purpose = `purpose-${String(++made)}`;
});

/** A record that holds one number. */
function ring(createdAt: number): KeyRing {
  return { keys: [{ id: 'k', secret: 's', createdAt }] };
}

function count(value: KeyRing | undefined): number {
  return value?.keys[0]?.createdAt ?? 0;
}

/** How many messages the stream keeps for the record. */
async function kept(): Promise<number> {
  const subject = `$KV.nonce-keys.${purpose}`;
  const { state } = await operator.jsm.streams.info('KV_nonce-keys', { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
}

/** A connection that stores what is written first, and does not hear so. */
function withoutFirstConfirmation(connection: Connection): Connection {
  let isDeaf = true;
  const { jetstream } = connection;
  const publish: JetStream['publish'] = async (...written) => {
    const confirmed = await jetstream.publish(...written);
    if (!isDeaf) return confirmed;
    isDeaf = false;
    throw NatsError.errorForCode(ErrorCode.Timeout);
  };
  return { ...connection, jetstream: Object.assign(Object.create(jetstream) as JetStream, { publish }) };
}

describe('a record', () => {
  test('is created once, read with its revision, and changed', async () => {
    expect(await keys.get({ purpose })).toBeUndefined();
    expect(await keys.create({ purpose }, ring(1))).toBe(true);
    expect(await keys.create({ purpose }, ring(2))).toBe(false);
    const first = await keys.get({ purpose });
    expect(first?.value).toEqual(ring(1));
    expect(await keys.modify({ purpose }, (value) => ({ set: ring(count(value) + 10) }))).toEqual(ring(11));
    const second = await keys.get({ purpose });
    expect(second?.value).toEqual(ring(11));
    expect(second?.revision).toBeGreaterThan(first?.revision ?? Infinity);
    expect(Math.abs((second?.storedAtMs ?? 0) - Date.now())).toBeLessThan(5_000);
  });

  test('is left alone when the change is to keep it', async () => {
    await keys.create({ purpose }, ring(1));
    const before = await keys.get({ purpose });
    expect(await keys.modify({ purpose }, () => 'keep')).toEqual(ring(1));
    expect((await keys.get({ purpose }))?.revision).toBe(before?.revision);
  });

  test('leaves no message behind when it is removed, and can be created again', async () => {
    await keys.create({ purpose }, ring(1));
    expect(await kept()).toBe(1);
    expect(await keys.modify({ purpose }, () => 'remove')).toBeUndefined();
    expect(await kept()).toBe(0);
    expect(await keys.get({ purpose })).toBeUndefined();
    expect(await keys.create({ purpose }, ring(2))).toBe(true);
    expect((await keys.get({ purpose }))?.value).toEqual(ring(2));
  });

  test('is removed at the revision that was named, not at a later one', async () => {
    await keys.create({ purpose }, ring(1));
    const old = await keys.get({ purpose });
    await keys.modify({ purpose }, () => ({ set: ring(2) }));
    expect(await keys.remove(old?.revision ?? 0)).toBe(false);
    expect((await keys.get({ purpose }))?.value).toEqual(ring(2));
  });

  test('counts every one of fifty changes made at once by three clients', async () => {
    const clients = [keys];
    for (const instance of ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb']) {
      clients.push((await nats.bus(authProfile, instance)).bucket(nonceKeysBucket));
    }
    const changes = Array.from({ length: 50 }, (_, index) =>
      (clients[index % clients.length] ?? keys).modify({ purpose }, (value) => ({ set: ring(count(value) + 1) })),
    );
    await Promise.all(changes);
    expect(count((await keys.get({ purpose }))?.value)).toBe(50);
  });

  test('is changed once when nobody confirmed that it was, as in an election', async () => {
    await keys.create({ purpose }, ring(1));
    const deaf = new Bucket(nonceKeysBucket, withoutFirstConfirmation(operator), systemClock);
    const seen: number[] = [];
    const changed = await deaf.modify({ purpose }, (value) => {
      seen.push(count(value));
      return { set: ring(count(value) + 1) };
    });
    expect([changed, seen]).toEqual([ring(2), [1]]);
    expect((await keys.get({ purpose }))?.value).toEqual(ring(2));
  });

  test('that breaks its contract is an error, not a value', async () => {
    await operator.js.publish(`$KV.nonce-keys.${purpose}`, '{"keys":[]}');
    await expect(keys.get({ purpose })).rejects.toMatchObject({ code: 'CONTRACT' });
    await operator.jsm.streams.purge('KV_nonce-keys', { filter: `$KV.nonce-keys.${purpose}` });
  });
});

describe('the list of a bucket', () => {
  test('has every record that is there, and none that is gone', async () => {
    const mine = Array.from({ length: 20 }, (_, index) => `${purpose}-${String(index)}`);
    await Promise.all(mine.map((name, index) => keys.create({ purpose: name }, ring(index))));
    await keys.modify({ purpose: `${purpose}-0` }, () => 'remove');
    const listed = (await keys.list()).filter(({ key }) => key.startsWith(`${purpose}-`));
    expect(listed.map(({ key }) => key).sort()).toEqual(mine.slice(1).sort());
  });

  test('is empty for an empty bucket', async () => {
    expect(await new Bucket(subscribersBucket, operator, systemClock).list()).toEqual([]);
  });
});

describe('a watch', () => {
  test('tells what is there, then that it is current, then every change, in order', async () => {
    const mine = Array.from({ length: 30 }, (_, index) => `${purpose}-${String(index)}`);
    for (const name of mine) await keys.create({ purpose: name }, ring(1));
    const seen: string[] = [];
    const watch = follow(seen, '>');
    await eventually(() => expect(watch.isCurrent).toBe(true));
    const told = seen.filter((line) => line.startsWith(`${purpose}-`));
    expect(told.sort()).toEqual(mine.map((name) => `${name} 1`).sort());
    expect(seen.at(-1)).toBe('current');
    await keys.modify({ purpose: `${purpose}-3` }, () => ({ set: ring(2) }));
    await eventually(() => expect(seen.at(-1)).toBe(`${purpose}-3 2`));
    watch.stop();
    await keys.modify({ purpose: `${purpose}-3` }, () => ({ set: ring(3) }));
    await operator.nc.flush();
    expect(seen.at(-1)).toBe(`${purpose}-3 2`);
  });

  test('of an empty bucket is current at once', async () => {
    const seen: string[] = [];
    const watch = follow(seen, `${purpose}-none`);
    await eventually(() => expect(seen).toEqual(['current']));
    watch.stop();
  });

  test('passes over a record that breaks its contract', async () => {
    const log = recordLogs();
    const seen: string[] = [];
    await operator.js.publish(`$KV.nonce-keys.${purpose}`, 'not JSON');
    const watch = follow(seen, purpose, log);
    await eventually(() => expect(seen).toEqual(['current']));
    expect(log.lines.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual(['watch.bad-record']);
    watch.stop();
    await operator.jsm.streams.purge('KV_nonce-keys', { filter: `$KV.nonce-keys.${purpose}` });
  });

  test('goes on after the server was killed and started again', async () => {
    await keys.create({ purpose }, ring(1));
    const seen: string[] = [];
    const watch = follow(seen, purpose);
    await eventually(() => expect(seen).toEqual([`${purpose} 1`, 'current']));
    await nats.kill();
    await eventually(() => expect(operator.isConnected()).toBe(false));
    await expect(keys.get({ purpose })).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    const impatient = { signal: AbortSignal.abort(new Error('the caller left')) };
    await expect(keys.modify({ purpose }, () => 'keep', impatient)).rejects.toThrow('the caller left');
    await expect(keys.modify({ purpose }, () => 'keep', { deadlineMs: 0 })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    const change = keys.modify({ purpose }, () => ({ set: ring(2) }));
    await nats.restart();
    expect(await change).toEqual(ring(2));
    await eventually(() => expect(seen.at(-1) === 'current' ? seen.at(-2) : seen.at(-1)).toBe(`${purpose} 2`), {
      timeout: 8_000,
    });
    await eventually(() => expect(watch.isCurrent).toBe(true), { timeout: 8_000 });
    await keys.modify({ purpose }, () => ({ set: ring(3) }));
    await eventually(() => expect(seen.at(-1)).toBe(`${purpose} 3`));
    watch.stop();
  });
});

function follow(seen: string[], filter: string, log = recordLogs()): Watch<typeof KeyRing> {
  return new Watch(
    {
      type: nonceKeysBucket,
      filter,
      handler: {
        onRecord: (key, value) => seen.push(`${key} ${String(count(value))}`),
        onCurrent: () => seen.push('current'),
      },
    },
    { connection: operator, clock: systemClock, log },
  );
}

describe('a record that its writer recalls', () => {
  const writer = (): { bucket: Keys; reads: () => number } => {
    let reads = 0;
    const { exchange } = operator;
    const counting = Object.assign(Object.create(operator) as Connection, {
      exchange: Object.assign(Object.create(exchange) as typeof exchange, {
        request: (...args: Parameters<typeof exchange.request>) => {
          reads += 1;
          return exchange.request(...args);
        },
      }),
    });
    return { bucket: new Bucket(nonceKeysBucket, counting, systemClock, { recalls: true }), reads: () => reads };
  };
  const add = (value: KeyRing | undefined): { set: KeyRing } => ({ set: ring(count(value) + 1) });

  test('is changed and removed without being read', async () => {
    const { bucket, reads } = writer();
    await bucket.create({ purpose }, ring(1));
    expect(await bucket.modify({ purpose }, add)).toEqual(ring(2));
    expect(await bucket.modify({ purpose }, add)).toEqual(ring(3));
    expect(await bucket.modify({ purpose }, () => 'remove')).toBeUndefined();
    expect([reads(), await kept()]).toEqual([0, 0]);
  });

  test('is read when another has changed or removed it meanwhile', async () => {
    const { bucket } = writer();
    await bucket.create({ purpose }, ring(1));
    await keys.modify({ purpose }, () => ({ set: ring(10) }));
    expect(await bucket.modify({ purpose }, add)).toEqual(ring(11));
    await keys.modify({ purpose }, () => 'remove');
    expect(await bucket.modify({ purpose }, () => 'remove')).toBeUndefined();
    expect(await keys.get({ purpose })).toBeUndefined();
  });

  test('is read before it is left as it is', async () => {
    const { bucket } = writer();
    await bucket.create({ purpose }, ring(1));
    await keys.modify({ purpose }, () => ({ set: ring(10) }));
    expect(await bucket.modify({ purpose }, () => 'keep')).toEqual(ring(10));
  });
});

test('of writes that are gathered one leaves at once that is told to', async () => {
  const clock = new FakeClock();
  const connection: Connection = { ...operator, departures: new Departures(clock) };
  const gathering = new Bucket(nonceKeysBucket, connection, systemClock, { gathers: true });
  const revision = await gathering.replace({ purpose }, ring(1), 0);
  let hasLeft = false;
  const waiting = gathering.replace({ purpose: `${purpose}-later` }, ring(2), 0).then(() => (hasLeft = true));
  expect(await gathering.replace({ purpose }, ring(3), revision ?? 0, { atOnce: true })).toBeGreaterThan(revision ?? 0);
  expect(hasLeft).toBe(false);
  clock.advance(20);
  await waiting;
});
