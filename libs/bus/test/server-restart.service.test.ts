import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instancesBucket } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { answer } from '../src/responder.ts';
import { type NatsServer, readFacts, startNats } from '../src/testing.ts';
import { added } from './added.ts';
import { oracleProfile, pilgrimProfile, weather } from './weather.ts';

const DELPHI = 'dddddddddddddddd';
const PILGRIM = 'pppppppppppppppp';

let nats: NatsServer;
let oracle: Bus;
let pilgrim: Bus;
const directory = mkdtempSync(join(tmpdir(), 'callweave-restart-'));

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile, pilgrimProfile] });
  oracle = await nats.bus(oracleProfile, DELPHI);
  pilgrim = await nats.bus(pilgrimProfile, PILGRIM);
});

afterAll(async () => {
  await nats.stop();
  rmSync(directory, { recursive: true, force: true });
});

function ask(first?: string): Promise<{ sky: string }> {
  return pilgrim.ask(weather, {}, { place: 'Linz' }, { deadlineMs: 2_000, first });
}

describe('when the server is killed and started again', () => {
  test('everything goes on without a new bus', async () => {
    await oracle.serve([answer(weather, () => Promise.resolve({ sky: 'clear' }))]);
    await pilgrim.serve();
    const publisher = await oracle.openPublisher(directory);
    const revisions: number[] = [];
    const watch = pilgrim.watch(instancesBucket, {
      onRecord: (key, _lease, revision) => {
        if (key === `oracle.${DELPHI}`) revisions.push(revision);
      },
    });
    expect(await ask()).toEqual({ sky: 'clear' });
    await eventually(() => expect(watch.isCurrent).toBe(true));
    expect([oracle.notReady(), pilgrim.notReady()]).toEqual([undefined, undefined]);

    await nats.kill();
    await eventually(() => expect(oracle.notReady()).toBe('no connection to the bus'));
    await eventually(() => expect(pilgrim.isConnected()).toBe(false));
    await expect(ask()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    publisher.tell(added('alice', 1));
    await nats.restart();

    await eventually(() => expect(pilgrim.notReady()).toBeUndefined(), { timeout: 15_000 });
    await eventually(async () => expect(await ask()).toEqual({ sky: 'clear' }), { timeout: 15_000 });
    expect(await ask(DELPHI)).toEqual({ sky: 'clear' });
    await publisher.flush();
    const facts = await readFacts(await nats.operator(), 'REGISTRATIONS', '>');
    expect(facts.map(({ event }) => event.id)).toEqual(['alice-1']);
    await eventually(() => expect(watch.isCurrent).toBe(true), { timeout: 15_000 });
    const last = revisions.at(-1) ?? Infinity;
    await eventually(() => expect(revisions.at(-1)).toBeGreaterThan(last), { timeout: 15_000 });
  });

  test('a service can drain and close while the server is away', async () => {
    await nats.kill();
    await eventually(() => expect(oracle.isConnected()).toBe(false));
    const started = performance.now();
    await oracle.drain();
    await oracle.close();
    expect(performance.now() - started).toBeLessThan(15_000);
    await nats.restart();
  });
});
