import { FakeClock } from '@callweave/clock/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { type Connection } from '../src/connection.ts';
import { type Opening, Reopened } from '../src/reopened.ts';

function keepOpen() {
  const clock = new FakeClock();
  const openings: { opening: Opening; ends: () => void; fails: (error: Error) => void }[] = [];
  let reconnect = (): void => undefined;
  const connection: Pick<Connection, 'onReconnect'> = { onReconnect: (action) => (reconnect = action) };
  const reopened = new Reopened(
    (opening) =>
      new Promise((resolve, reject) => {
        openings.push({ opening, ends: resolve, fails: reject });
      }),
    { connection: connection as Connection, clock, log: recordLogs() },
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { clock, openings, reopened, reconnect: () => reconnect(), settle };
}

describe('what is kept open', () => {
  test.each(['ends', 'fails'] as const)('is opened again half a second after it %s', async (how) => {
    const { clock, openings, settle } = keepOpen();
    openings[0]?.[how](new Error('gone'));
    await settle();
    clock.advance(499);
    expect(openings).toHaveLength(1);
    clock.advance(1);
    expect(openings).toHaveLength(2);
  });

  test('is opened again at once after a reconnection, and what was open before is closed', async () => {
    const { clock, openings, reconnect, settle } = keepOpen();
    let closed = 0;
    openings[0]?.opening.onOver(() => (closed += 1));
    reconnect();
    expect({ closed, openings: openings.length }).toEqual({ closed: 1, openings: 2 });
    openings[0]?.ends();
    await settle();
    clock.advance(1_000);
    expect(openings).toHaveLength(2);
  });

  test('is closed at once when it was opened too late', () => {
    const { openings, reconnect } = keepOpen();
    reconnect();
    let closed = 0;
    openings[0]?.opening.onOver(() => (closed += 1));
    expect(closed).toBe(1);
  });

  test('is not opened again once stopped', async () => {
    const { clock, openings, reopened, reconnect, settle } = keepOpen();
    reopened.stop();
    expect(openings[0]?.opening.isOver()).toBe(true);
    openings[0]?.ends();
    await settle();
    clock.advance(10_000);
    reconnect();
    expect(openings).toHaveLength(1);
  });
});
