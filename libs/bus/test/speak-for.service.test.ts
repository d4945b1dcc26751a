import { defineRequest, InstanceId, instancesBucket } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Bus } from '../src/bus.ts';
import { answer } from '../src/responder.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { eventually } from './eventually.ts';

const HOLDER = InstanceId.parse('eeeeeeeeeeeeeeee');
const NOBODY = InstanceId.parse('nnnnnnnnnnnnnnnn');

const knock = defineRequest('callweave.rpc.thing.{instance}.knock', {
  service: 'keeper',
  summary: 'Who is there?',
  request: z.object({}),
  response: z.object({ by: z.string() }),
});
const keeper = {
  name: 'keeper',
  serves: [knock],
  asks: [knock],
  publishes: [],
  consumes: [],
  reads: [instancesBucket],
  writes: [instancesBucket],
};

let nats: NatsServer;
let one: Bus;
let two: Bus;

beforeAll(async () => {
  nats = await startNats({ profiles: [keeper] });
  one = await nats.bus(keeper, 'oooooooooooooooo');
  two = await nats.bus(keeper, 'tttttttttttttttt');
  await Promise.all([one.serve(), two.serve()]);
});

afterAll(() => nats.stop());

describe('a process that speaks for a flow holder', () => {
  test('says so in its lease, answers what is asked of it, and of nobody else', async () => {
    await two.speakFor(HOLDER, [answer(knock, () => Promise.resolve({ by: 'two' }))]);
    await eventually(() => expect(one.holders()).toEqual([HOLDER]));
    expect(await one.askOnce(knock, { instance: HOLDER }, {}, 15_000)).toEqual({
      kind: 'answered',
      answer: { by: 'two' },
    });
    expect(await one.askOnce(knock, { instance: NOBODY }, {}, 1_000)).toEqual({ kind: 'nobody' });
  });

  test('that does not answer in time is told from one that is not there', async () => {
    await two.speakFor(HOLDER, [answer(knock, () => new Promise(() => undefined))]);
    expect(await one.askOnce(knock, { instance: HOLDER }, {}, 100)).toEqual({ kind: 'silent' });
  });
});
