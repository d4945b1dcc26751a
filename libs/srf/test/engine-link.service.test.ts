import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '@callweave/clock';
import { EngineLink } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A port at which an engine lets in whoever comes, as it was seen of drachtio-server. */
let engine: Server;
let link: EngineLink;
/** What it sends in the same breath as its welcome. */
let also: readonly string[];

beforeEach(async () => {
  also = [];
  engine = createServer((socket) => socket.once('data', (bytes: Buffer) => letIn(socket, bytes.toString('utf8'))));
  await listen(0);
  const { port } = engine.address() as AddressInfo;
  link = new EngineLink({
    address: `127.0.0.1:${String(port)}`,
    secret: 's3cret',
    clock: systemClock,
    log: recordLogs(),
  });
});

afterEach(() => {
  link.close();
  engine.close();
});

async function listen(port: number): Promise<void> {
  engine.listen(port, '127.0.0.1');
  await once(engine, 'listening');
}

function letIn(socket: Socket, request: string): void {
  const [, id = ''] = /^\d+#([^|]+)\|authenticate\|/.exec(request) ?? [];
  const frames = [`reply|response|${id}|OK|udp/127.0.0.1:5060|v0.9.4+test`, ...also];
  socket.write(frames.map((frame) => `${String(frame.length)}#${frame}`).join(''));
}

test('a link that is closed while it is connected leaves the engine', async () => {
  const connected = new Promise((resolve) => link.onConnect(resolve));
  link.connect();
  const [socket] = (await once(engine, 'connection')) as [Socket];
  await connected;
  const left = once(socket, 'close');
  link.close();
  await left;
  expect(link.info?.version).toBe('v0.9.4+test');
});

test('one that is closed while the engine is away leaves it as soon as it is back, and is no more connected', async () => {
  const entered: unknown[] = [];
  link.onConnect((info) => entered.push(info));
  const { port } = engine.address() as AddressInfo;
  engine.close();
  await once(engine, 'close');
  link.connect();
  link.close();
  await listen(port);
  const [socket] = (await once(engine, 'connection')) as [Socket];
  await once(socket, 'close');
  expect(entered).toEqual([]);
});

test('a request that comes as soon as the engine has let it in is handled when the link is connected, unless it is cancelled', async () => {
  also = [request('INVITE', 'given-up'), request('CANCEL', 'given-up'), request('OPTIONS', 'asked')];
  const handled: string[] = [];
  link.onRequest('INVITE', () => Promise.resolve(void handled.push('INVITE')));
  const asked = new Promise<string | undefined>((resolve) => {
    link.onRequest('OPTIONS', () => {
      resolve(link.notReady());
      return Promise.resolve();
    });
  });
  link.connect();
  expect(await asked).toBeUndefined();
  expect(handled).toEqual([]);
});

/** A frame with a request of the network. */
function request(method: string, callId: string): string {
  const sip = [
    `${method} sip:bob@example.com SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK${callId}`,
    'From: <sip:alice@example.com>;tag=a',
    'To: <sip:bob@example.com>',
    `Call-ID: ${callId}`,
    `CSeq: 1 ${method}`,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  return `${method}|sip|network|${String(sip.length)}|udp|127.0.0.1|5070|10:00:00.000000|${callId}||\r\n${sip}`;
}
