import { FakeClock } from '@callweave/clock/testing';
import { Lease } from '@callweave/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { InstanceBoard } from '../src/live/instance-board.ts';

const lease = Lease.parse({ service: 'registrar', instance: 'rrrrrrrrrrrrrrrr', version: '1.0.0', startedAt: 7 });

let clock: FakeClock;
let isConnected: boolean;
let board: InstanceBoard;

beforeEach(() => {
  clock = new FakeClock();
  isConnected = true;
  board = new InstanceBoard({ clock, isConnected: () => isConnected });
  clock.every(1_000, () => board.tick());
  board.renew('registrar.r', lease, 1);
});

function states(): string[] {
  return board.list().map(({ state }) => state);
}

describe('a process with a lease', () => {
  test('is alive while it renews, silent when it is late, gone when the lease ran out, and then forgotten', () => {
    expect(board.list()).toEqual([{ ...lease, state: 'alive' }]);
    clock.advance(4_000);
    expect(states()).toEqual(['alive']);
    clock.advance(1_000);
    expect(states()).toEqual(['silent']);
    clock.advance(11_000);
    expect(states()).toEqual(['gone']);
    clock.advance(60_000);
    expect(states()).toEqual([]);
  });

  test('shows life by a new revision only', () => {
    clock.advance(16_000);
    board.renew('registrar.r', lease, 1);
    expect(states()).toEqual(['gone']);
    board.renew('registrar.r', lease, 2);
    expect(states()).toEqual(['alive']);
  });

  test('is called neither alive nor dead while the bus is away, and has a whole lease afterwards', () => {
    isConnected = false;
    clock.advance(60_000);
    expect(states()).toEqual(['unknown']);
    isConnected = true;
    expect(states()).toEqual(['alive']);
    clock.advance(14_000);
    expect(states()).toEqual(['silent']);
  });
});
