import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@callweave/clock/testing';
import { parseEvent } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { ErrorCode, NatsError, type PubAck } from 'nats';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { decode } from '../src/codec.ts';
import { Departures } from '../src/departures.ts';
import { Publisher } from '../src/publisher.ts';
import { told, thingTold } from './thing-told.ts';

const ACK: PubAck = { stream: 'S', domain: '', seq: 1, duplicate: false };

/** A JetStream that answers when told to. */
class FakeJetStream {
  readonly waiting: { id: string; payload: Uint8Array; ack: () => void; fail: (error: Error) => void }[] = [];
  readonly stored: string[] = [];

  publish(_subject: string, payload: Uint8Array, { msgID = '' }: { msgID?: string }): Promise<PubAck> {
    return new Promise((resolve, reject) => {
      const ack = (): void => {
        this.stored.push(msgID);
        resolve(ACK);
      };
      this.waiting.push({ id: msgID, payload, ack, fail: reject });
    });
  }

  /** Waits for the next batch and answers each of it. */
  async answer(...outcomes: ('ack' | Error)[]): Promise<string[]> {
    await eventually(() => expect(this.waiting).toHaveLength(outcomes.length));
    const batch = this.waiting.splice(0);
    batch.forEach((one, index) => {
      const outcome = outcomes[index] ?? 'ack';
      if (outcome === 'ack') one.ack();
      else one.fail(outcome);
    });
    return batch.map(({ id }) => id);
  }
}

let directory: string;
let js: FakeJetStream;
let clock: FakeClock;
let connection: { connected: boolean; reconnect: () => void };
let publisher: Publisher;
const log = recordLogs();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-publisher-'));
  js = new FakeJetStream();
  clock = new FakeClock();
  publisher = await open();
});

afterEach(async () => {
  await publisher.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(): Promise<Publisher> {
  const state = { connected: true, reconnect: (): void => undefined };
  connection = state;
  return Publisher.open({
    js,
    isConnected: () => state.connected,
    onReconnect: (action) => (state.reconnect = action),
    clock,
    departures: new Departures(clock),
    log,
    directory,
    instance: 'edge',
    source: 'callweave/test/edge',
  });
}

/** Lets the time pass in which the facts that follow a first one are gathered. */
async function gathered(): Promise<void> {
  await eventually(() => {
    clock.advance(20);
    expect(js.waiting).not.toEqual([]);
  });
}

const timeout = new NatsError('timeout', ErrorCode.Timeout);

describe('telling facts', () => {
  test('puts the fact into its envelope', async () => {
    publisher.tell(told('a', 'alice', 7));
    await eventually(() => expect(js.waiting).toHaveLength(1));
    expect(parseEvent(thingTold, decode(js.waiting[0]?.payload ?? new Uint8Array()))).toMatchObject({
      id: 'a',
      source: 'callweave/test/edge',
      type: 'callweave.registration.v1.test',
      time: '2023-11-14T22:13:20.000Z',
      tenant: 'default',
      data: { n: 7 },
    });
    await js.answer('ack');
  });

  test('flush waits for every acknowledgement', async () => {
    publisher.tell(told('a', 'alice'));
    publisher.tell(told('b', 'alice'));
    const seen: string[] = [];
    const flushed = publisher.flush().then(() => seen.push('flushed'));
    await js.answer('ack');
    await eventually(() => expect(js.waiting).toHaveLength(1));
    seen.push('first acknowledged');
    await js.answer('ack');
    await flushed;
    expect(seen).toEqual(['first acknowledged', 'flushed']);
    expect(publisher.pending).toBe(0);
  });

  test('the first fact is told at once, and what follows within a moment together', async () => {
    publisher.tell(told('a', 'alice'));
    await eventually(() => expect(js.waiting).toHaveLength(1));
    publisher.tell(told('b', 'bob'));
    await js.answer('ack');
    publisher.tell(told('c', 'carol'));
    await gathered();
    expect(await js.answer('ack', 'ack')).toEqual(['b', 'c']);
  });

  test('facts about different things are told at the same time, facts about one thing one after the other', async () => {
    connection.connected = false;
    for (const [id, user] of [
      ['a1', 'alice'],
      ['b1', 'bob'],
      ['a2', 'alice'],
      ['b2', 'bob'],
    ] as const) {
      publisher.tell(told(id, user));
    }
    connection.connected = true;
    connection.reconnect();
    expect([await js.answer('ack', 'ack'), await js.answer('ack', 'ack')]).toEqual([
      ['a1', 'b1'],
      ['a2', 'b2'],
    ]);
  });

  test('a fact that failed is told again before the next one about the same thing', async () => {
    publisher.tell(told('a1'));
    publisher.tell(told('a2'));
    await js.answer(timeout);
    await eventually(() => expect(clock.pending).toBeGreaterThan(1));
    clock.advance(2_000);
    expect(await js.answer('ack')).toEqual(['a1']);
    expect(await js.answer('ack')).toEqual(['a2']);
  });

  test('a fact that can never be sent is dropped loudly and holds nobody up', async () => {
    publisher.tell(told('huge'));
    publisher.tell(told('next'));
    await js.answer(new NatsError('too large', ErrorCode.MaxPayloadExceeded));
    expect(await js.answer('ack')).toEqual(['next']);
    expect(log.lines.map(({ event }) => event)).toContain('fact.dropped');
  });

  test('while the bus is away facts wait, and go when it is back', async () => {
    connection.connected = false;
    publisher.tell(told('a'));
    expect(publisher.pending).toBe(1);
    expect(js.waiting).toEqual([]);
    connection.connected = true;
    connection.reconnect();
    expect(await js.answer('ack')).toEqual(['a']);
  });
});

describe('what a process leaves behind', () => {
  test('nothing when everything was acknowledged', async () => {
    publisher.tell(told('a'));
    await js.answer('ack');
    await publisher.flush();
    await publisher.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is told by the next process on the same directory, before that one’s own facts', async () => {
    connection.connected = false;
    publisher.tell(told('left-1', 'alice'));
    publisher.tell(told('left-2', 'bob'));
    await publisher.close();
    publisher = await open();
    publisher.tell(told('own', 'alice'));
    expect(await js.answer('ack', 'ack')).toEqual(['left-1', 'left-2']);
    await gathered();
    expect(await js.answer('ack')).toEqual(['own']);
    await publisher.flush();
    expect(readdirSync(directory).filter((name) => name.endsWith('.journal'))).toHaveLength(1);
  });

  test('can be adopted once more when the process that adopted it stops before it is told', async () => {
    connection.connected = false;
    publisher.tell(told('left'));
    await publisher.close();
    publisher = await open();
    connection.connected = false;
    await js.answer(timeout);
    await eventually(() => expect(clock.pending).toBeGreaterThan(1));
    await publisher.close();
    publisher = await open();
    expect(await js.answer('ack')).toEqual(['left']);
  });

  test('is found while this process runs, too', async () => {
    const other = await open();
    connection.connected = false;
    other.tell(told('left'));
    await other.close();
    clock.advance(5_000);
    expect(await js.answer('ack')).toEqual(['left']);
  });

  test('closing twice closes once', async () => {
    await Promise.all([publisher.close(), publisher.close()]);
  });
});
