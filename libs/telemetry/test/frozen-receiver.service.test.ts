import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { startSpan, startTracing } from '../src/index.ts';

test('a process that stops does not wait for a receiver that listens and never answers', async () => {
  const receiver = createServer();
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const stop = await startTracing({
    ...{ service: 'a-service', instance: 'i', version: '1', ratio: 1, log: recordLogs() },
    otlpUrl: `http://127.0.0.1:${String(port)}`,
  });
  const connected = once(receiver, 'connection') as Promise<[Socket]>;
  startSpan('never taken').end();
  const stopped = stop().then(() => 'stopped');
  const [socket] = await connected;
  socket.resume();
  const gaveUp = once(socket, 'close').then(() => 'the request was given up');
  expect(await Promise.race([stopped, gaveUp])).toBe('stopped');
  socket.destroy();
  receiver.close();
});
