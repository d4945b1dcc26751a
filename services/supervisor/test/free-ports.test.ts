import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { describeTaken, PortFinder } from '../src/free-ports.ts';

let socket: Socket | undefined;

afterEach(() => {
  socket?.close();
  socket = undefined;
});

test('a port that somebody has, on UDP alone, is named with its use and the setting that moves it', async () => {
  socket = createSocket('udp4');
  // Nobody may have it on TCP either.
  socket.bind(await new PortFinder().find('127.0.0.1', ['udp', 'tcp']), '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const use = { purpose: 'SIP', variable: 'CALLWEAVE_SIP_PORTS', host: '127.0.0.1', port };
  expect(await describeTaken({ ...use, protocols: ['udp', 'tcp'] })).toBe(
    `port ${String(port)} of 127.0.0.1 for SIP is taken: free it or set CALLWEAVE_SIP_PORTS`,
  );
  expect(await describeTaken({ ...use, protocols: ['tcp'] })).toBeUndefined();
});

test('free ports are never given twice', async () => {
  const finder = new PortFinder();
  const ports: number[] = [];
  for (let i = 0; i < 20; i++) ports.push(await finder.find('127.0.0.1', ['udp', 'tcp']));
  expect(new Set(ports).size).toBe(20);
});

test('free ports of one block are given to all who ask at once', async () => {
  const finder = new PortFinder();
  const ports = await Promise.all(Array.from({ length: 20 }, () => finder.find('127.0.0.1')));
  expect(new Set(ports).size).toBe(20);
  expect(Math.max(...ports) - Math.min(...ports)).toBeLessThan(68);
});
