import { startTestEngine } from '@callweave/media-engine/testing';
import { afterAll, describe, expect, test } from 'vitest';
import '../support/survival-field.ts';
import { ECHO_CALLERS, EchoCallers, reasonsOf } from '../support/echo-callers.ts';
import { halt, HALTING } from '../support/halting.ts';
import { openTcpSwitch, type TcpSwitch } from '../support/tcp-switch.ts';
import { until } from '../support/until.ts';

const MEDIA_SERVER = 'media server of applications';

describe('callers in an application', () => {
  const callers = new EchoCallers();

  test.for([
    ['app-server', 'killed', 'SIGKILL; each caller is placed anew'],
    ['app-server', 'frozen', 'SIGSTOP; the same, when it has not answered for long'],
    ['app-server', 'cut off', 'SIGSTOP of its engine, which stands between it and everybody; the same'],
    [MEDIA_SERVER, 'killed', 'SIGKILL; each caller is placed anew'],
    [MEDIA_SERVER, 'frozen', 'SIGSTOP; the same, when it has not answered for long'],
  ] as const)('whose %s is %s go on in another, and hang up when they like', async ([who, way, how], { task }) => {
    const { platform } = callers;
    task.meta.survival = { who, way, how, calls: ECHO_CALLERS };
    const isServer = who === 'app-server';
    const hit = isServer ? (way === 'cut off' ? 'app-engine' : who) : 'media-engine';
    const { records, silence } = await callers.suffer(
      () => (way === 'killed' ? platform.kill(hit) : platform.signal(hit, 'SIGSTOP')),
      ['transferred'],
    );
    task.meta.silentMs = silence;
    expect(reasonsOf(records)).toEqual(['caller hang-up']);
    await callers.expectServed();
  });

  test.for([
    ['app-server', 'app-server'],
    [MEDIA_SERVER, 'media-engine'],
  ] as const)('whose %s is slow hang up when they like', async ([who, name], { task }) => {
    const { platform } = callers;
    task.meta.survival = { who, way: 'slow', how: `${HALTING}; nobody notices`, calls: ECHO_CALLERS };
    const pidOf = (): number | undefined => platform.processes().find((one) => one.name === name)?.pid;
    const pid = pidOf();
    let end = (): void => undefined;
    try {
      const { records, silence } = await callers.suffer(() => {
        end = halt((signal) => platform.signal(name, signal));
      });
      task.meta.silentMs = silence;
      expect(reasonsOf(records)).toEqual(['caller hang-up']);
      expect(pidOf()).toBe(pid);
    } finally {
      end();
    }
    await callers.expectServed();
  });
});

describe('callers in an application of a media server that is nobody of the platform', () => {
  let way: TcpSwitch | undefined;
  let server: Awaited<ReturnType<typeof startTestEngine>> | undefined;

  // After the platform, which uses it.
  afterAll(async () => {
    way?.close();
    await server?.stop();
  });
  const callers = new EchoCallers(async () => {
    server = await startTestEngine();
    way = await openTcpSwitch('127.0.0.1', 0, `127.0.0.1:${String(server.eslPort)}`);
    return {
      CALLWEAVE_MEDIA_SERVER: `127.0.0.1:${String(way.port)}`,
      CALLWEAVE_MEDIA_ESL_PASSWORD: server.password,
    };
  });

  test('go on in it when it is cut off and comes back, and hang up when they like', async ({ task }) => {
    const how = 'its event socket, until it is missed; each caller is placed anew';
    task.meta.survival = { who: MEDIA_SERVER, way: 'cut off', how, calls: ECHO_CALLERS };
    const { records, silence } = await callers.suffer(async () => {
      way?.cut();
      await until('it is missed', () => callers.platform.logs().includes('media-server.lost'), 30_000);
      way?.mend();
    }, ['transferred']);
    task.meta.silentMs = silence;
    expect(reasonsOf(records)).toEqual(['caller hang-up']);
    await callers.expectServed();
  });
});
