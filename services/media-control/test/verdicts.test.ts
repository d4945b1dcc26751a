import { FakeClock } from '@callweave/clock/testing';
import { InstanceId, MediaNodeId } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { type OtherObservers, Verdicts } from '../src/verdicts.ts';
import { settled } from './fake-node.ts';

const life = MediaNodeId.parse('a:1@100');
const next = MediaNodeId.parse('a:1@200');

/** What is told while the other replicas see the node so. */
function world(seen: Awaited<ReturnType<OtherObservers['see']>>) {
  const clock = new FakeClock();
  const told: string[] = [];
  const others = { seen, asked: 0 };
  const verdicts = new Verdicts({
    others: {
      see: () => {
        others.asked += 1;
        return Promise.resolve(others.seen);
      },
    },
    publisher: {
      tell: ({ type, data }) => {
        told.push(`${type.type.split('.').at(-1) ?? ''} ${(data as { node: string }).node}`);
      },
    },
    observer: InstanceId.parse('abcdefghijklmnop'),
    clock,
    log: recordLogs(),
  });
  return { clock, told, others, verdicts };
}

test('a node that answers is told to be up, once', () => {
  const { told, verdicts } = world('up');
  verdicts.up(life);
  verdicts.up(life);
  expect(told).toEqual(['up a:1@100']);
});

test.each(['down', 'nobody'] as const)('a silent node is down when the others see it so: %s', async (seen) => {
  const { told, verdicts } = world(seen);
  verdicts.down(life);
  verdicts.down(life);
  await settled();
  expect(told).toEqual(['down a:1@100']);
});

test('a node that is silent towards one replica alone is not down, until another agrees', async () => {
  const { told, clock, others, verdicts } = world('up');
  verdicts.down(life);
  await settled();
  for (let i = 0; i < 3; i++) {
    clock.advance(200);
    await settled();
  }
  expect([told, others.asked]).toEqual([[], 4]);
  others.seen = 'down';
  clock.advance(200);
  await settled();
  expect(told).toEqual(['down a:1@100']);
});

test('a node that answers again while the others are asked was never down', async () => {
  const { told, clock, others, verdicts } = world('down');
  verdicts.up(life);
  verdicts.down(life);
  verdicts.up(life);
  await settled();
  expect(told).toEqual(['up a:1@100']);
  expect([others.asked, clock.pending]).toEqual([1, 0]);
});

test('a node that is back with its calls is told to be up again', async () => {
  const { told, verdicts } = world('nobody');
  verdicts.up(life);
  verdicts.down(life);
  await settled();
  verdicts.up(life);
  expect(told).toEqual(['up a:1@100', 'down a:1@100', 'up a:1@100']);
});

test('a life that another one follows is over, whoever else has seen it', () => {
  const { told, others, verdicts } = world('up');
  verdicts.up(life);
  verdicts.over(life);
  verdicts.up(next);
  expect(told).toEqual(['up a:1@100', 'down a:1@100', 'up a:1@200']);
  expect(others.asked).toBe(0);
});
