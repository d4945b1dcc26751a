import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { type Connection } from '../src/connection.ts';
import { unfinished } from '../src/journal-line.ts';
import { type NatsServer, readFacts, startNats } from '../src/testing.ts';
import { startChild } from './child-process.ts';
import { added } from './added.ts';
import { oracleProfile } from './weather.ts';

let nats: NatsServer;
let operator: Connection;
let bus: Bus;
let directory: string;
let user: string;
let made = 0;

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile] });
  operator = await nats.operator();
});

afterAll(() => nats.stop());

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-facts-'));
  user = `user-${String(++made)}`;
  bus = await nats.bus(oracleProfile, 'oooooooooooooooo');
});

afterEach(async () => {
  await bus.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Numbers of the stored facts about `user`, in the stream's order. */
async function stored(): Promise<number[]> {
  const facts = await readFacts(operator, 'REGISTRATIONS', `callweave.registration.v1.default.${user}.*`);
  return facts.map(({ event }) => event.sequence ?? 0);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

describe('facts', () => {
  test('are stored in the order they were told, once each', async () => {
    const publisher = await bus.openPublisher(directory);
    for (const sequence of upTo(200)) publisher.tell(added(user, sequence));
    await publisher.flush();
    expect(await stored()).toEqual(upTo(200));
    expect(publisher.pending).toBe(0);
  });

  test('told twice are stored once', async () => {
    const publisher = await bus.openPublisher(directory);
    publisher.tell(added(user, 1));
    publisher.tell(added(user, 1));
    await publisher.flush();
    expect(await stored()).toEqual([1]);
  });

  test('told while the server is killed and away arrive after its return, in order and once', async () => {
    const publisher = await bus.openPublisher(directory);
    for (const sequence of upTo(20)) publisher.tell(added(user, sequence));
    await nats.kill();
    for (const sequence of upTo(60).slice(20)) publisher.tell(added(user, sequence));
    expect(publisher.pending).toBeGreaterThanOrEqual(40);
    await nats.restart();
    await publisher.flush();
    await eventually(() => expect(operator.isConnected()).toBe(true));
    expect(await stored()).toEqual(upTo(60));
  });

  test('that a killed process had not delivered are told by the next one, in order and once', async () => {
    await nats.kill();
    const child = await startChild('teller.ts', [directory, user, '50']);
    await child.kill();
    await nats.restart();
    await eventually(() => expect([bus.isConnected(), operator.isConnected()]).toEqual([true, true]), {
      timeout: 5_000,
    });
    const publisher = await bus.openPublisher(directory);
    await publisher.flush();
    expect(await stored()).toEqual(upTo(50));
    expect(readdirSync(directory).filter((name) => name.endsWith('.journal'))).toHaveLength(1);
  });

  test('that a killed process had delivered without noting it are stored once all the same', async () => {
    const child = await startChild('teller.ts', [directory, user, '5']);
    const [journal = ''] = readdirSync(directory).filter((name) => name.endsWith('.journal'));
    const left = unfinished(readFileSync(join(directory, journal), 'utf8'));
    for (const sequence of upTo(3)) {
      const line = left.find(({ n }) => n === sequence);
      await operator.js.publish(line?.subject ?? '', line?.payload ?? '', { msgID: line?.id ?? '' });
    }
    await child.kill();
    const publisher = await bus.openPublisher(directory);
    await publisher.flush();
    expect(await stored()).toEqual(upTo(5));
  });
});
