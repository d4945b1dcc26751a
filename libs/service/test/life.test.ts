import { Life, serveHealth } from '@callweave/service';
import { FakeClock } from '@callweave/clock/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';

const never = (): Promise<void> => new Promise(() => undefined);

describe('the life of a process', () => {
  test('it is ready only between start and the first stop request, and drains before it stops', async () => {
    const seen: string[] = [];
    const log = recordLogs();
    const life = new Life({ log, clock: new FakeClock() });
    expect(life.notReady()).toBe('starting');
    life.started({
      notReady: () => undefined,
      drain: () => Promise.resolve(void seen.push(`drain while ${life.state}`)),
      stop: () => Promise.resolve(void seen.push('stop')),
    });
    expect(life.notReady()).toBeUndefined();
    await life.shutDown(1000);
    await life.shutDown(1000);
    expect(seen).toEqual(['drain while draining', 'stop']);
    expect(log.lines.map(({ fields }) => fields['to'])).toEqual(['ready', 'draining', 'stopped']);
  });

  test('a drain that does not end is cut off at its deadline', async () => {
    const clock = new FakeClock();
    const log = recordLogs();
    const life = new Life({ log, clock });
    life.started({ notReady: () => undefined, drain: never, stop: () => Promise.resolve() });
    const down = life.shutDown(5000);
    clock.advance(5000);
    await down;
    expect(life.state).toBe('stopped');
    expect(log.lines.some(({ event }) => event === 'drain.deadline')).toBe(true);
  });
});

describe('health over HTTP', () => {
  test('readiness says why not, health does not care, metrics are text', async () => {
    let reason: string | undefined = 'bus away';
    const server = await serveHealth({
      host: '127.0.0.1',
      port: 0,
      notReady: () => reason,
      renderMetrics: () => Promise.resolve('calls 1\n'),
    });
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${String(server.port)}${path}`);
    try {
      expect((await get('/healthz')).status).toBe(200);
      const unready = await get('/readyz');
      expect([unready.status, await unready.json()]).toEqual([503, { status: 'not ready', reason: 'bus away' }]);
      reason = undefined;
      expect((await get('/readyz')).status).toBe(200);
      expect(await (await get('/metrics')).text()).toBe('calls 1\n');
      expect((await get('/status')).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
