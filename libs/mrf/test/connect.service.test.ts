import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { startTestEngine, type TestEngine } from '@callweave/media-engine/testing';
import { type MediaDialer, MediaServer, type MediaServerOptions, type Timers } from '@callweave/mrf';
import { afterEach, describe, expect, test, vi } from 'vitest';

const servers: Server[] = [];
const engines: TestEngine[] = [];
const connections: MediaServer[] = [];

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const server of servers.splice(0)) server.close();
  for (const engine of engines.splice(0)) await engine.stop();
});

const dialer: MediaDialer = { call: () => Promise.reject(new Error('nobody is called here')) };

const timers: Timers = {
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

async function connect(options: Partial<MediaServerOptions>): Promise<MediaServer> {
  const usual = {
    ...{ address: '127.0.0.1', port: 1, password: 'ClueCon', profile: 'drachtio_mrf', listenAddress: '127.0.0.1' },
    ...options,
  };
  const connection = await MediaServer.connect(usual, { dialer, timers });
  connections.push(connection);
  return connection;
}

async function engineAt(eslPort = 0, peers = ['127.0.0.0/8']): Promise<TestEngine> {
  const engine = await startTestEngine({ eslPort, peers });
  engines.push(engine);
  return engine;
}

/** Something that listens and says only `words`. */
async function listenerSaying(words: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).write(words)).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

describe('a media server', () => {
  test('that is there is connected to', async () => {
    const { eslPort: port, password } = await engineAt();
    expect((await connect({ port, password })).isConnected).toBe(true);
  });

  test('that cannot be used says why, instead of waiting for ever or ending the process', async () => {
    const { eslPort: port, password } = await engineAt();
    const strict = await engineAt(0, ['10.0.0.0/8']);
    const reasons = [
      connect({ port: 1 }),
      connect({ port, password: 'wrong' }),
      connect({ port, password, profile: 'other' }),
      connect({ port: strict.eslPort, password }),
      connect({ port: await listenerSaying('HTTP/1.1 400 Bad Request\n\n') }),
    ].map((attempt) =>
      attempt.then(
        () => 'connected',
        (error: unknown) => (error as { reason: string }).reason,
      ),
    );
    expect(await Promise.all(reasons)).toEqual([
      ...['unreachable', 'wrong-password', 'no-profile', 'not-admitted', 'silent'],
    ]);
    await vi.waitFor(() => expect(engines.map((engine) => engine.stats().clients)).toEqual([0, 0]), 10_000);
  });

  test('that goes away is told once, and makes no more endpoints', async () => {
    const engine = await engineAt();
    const connection = await connect({ port: engine.eslPort, password: engine.password });
    let losses = 0;
    const lost = new Promise<void>((resolve) => {
      connection.onLost(() => {
        losses++;
        resolve();
      });
    });
    engines.pop();
    await engine.stop();
    await lost;
    expect([connection.isConnected, losses]).toEqual([false, 1]);
    await expect(connection.createEndpoint('v=0')).rejects.toMatchObject({
      code: 'MEDIA_SERVER_UNAVAILABLE',
      reason: 'disconnected',
      status: 503,
    });
    // It can be connected to anew when it has returned.
    const again = await engineAt(engine.eslPort);
    const fresh = await connect({ port: again.eslPort, password: again.password });
    expect(fresh.isConnected).toBe(true);
  });

  test('that is frozen makes no endpoint, and its caller is told in time', async () => {
    const { eslPort: port, password } = await engineAt();
    const usual = { address: '127.0.0.1', profile: 'drachtio_mrf', listenAddress: '127.0.0.1' };
    const limits: number[] = [];
    const hasty: Timers = {
      after: (delayMs, action) => {
        limits.push(delayMs);
        return timers.after(delayMs === 5_000 ? 0 : delayMs, action);
      },
    };
    const frozen: MediaDialer = { call: () => new Promise(() => undefined) };
    const connection = await MediaServer.connect({ ...usual, port, password }, { dialer: frozen, timers: hasty });
    connections.push(connection);
    await expect(connection.createEndpoint('v=0')).rejects.toMatchObject({ reason: 'silent', status: 503 });
    expect(limits.at(-1)).toBe(5_000);
  });

  test('that cannot be called makes no endpoint', async () => {
    const { eslPort: port, password } = await engineAt();
    const connection = await connect({ port, password });
    await expect(connection.createEndpoint('v=0')).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED', status: 503 });
  });
});
