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

test('what one platform found free, no other one finds, though nobody listens there yet', async () => {
  const found = new Set<number>();
  for (let i = 0; i < 30; i++) found.add(await new PortFinder().find('127.0.0.1'));
  expect(found.size).toBe(30);
});
