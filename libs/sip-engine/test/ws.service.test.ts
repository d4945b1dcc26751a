import { once } from 'node:events';
import { connect as connectSecurely } from 'node:tls';
import { FakeClock } from '@callweave/clock/testing';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES } from '@callweave/sip';
import { LimitCounts, Room, testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { type RecordingLogger, recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Flow, type Inbound, type Listener } from '../src/transport/transport.ts';
import { listenWs, type WsOptions } from '../src/transport/ws.ts';
import { opcodes, RawWebSocket, type UpgradeOptions } from './raw-websocket.ts';

const MESSAGE_MS = 30_000;
const PING_MS = 25_000;
const sip = requestText();

let clock: FakeClock;
let log: RecordingLogger;
let listener: Listener;
const listeners: Listener[] = [];
let reached: LimitCounts;
let seen: Inbound[];
let closedFlows: Flow[];

async function listen(options: Partial<WsOptions> = {}, maxConnections = 10): Promise<Listener> {
  const [messages, closed] = [seen, closedFlows];
  const user = {
    onMessage: (inbound: Inbound) => void messages.push(inbound),
    onFlowClosed: (flow: Flow) => void closed.push(flow),
  };
  const limits = { messageMs: MESSAGE_MS, maxQueuedBytes: 200_000 };
  const room = new Room({ maxConnections, maxConnectionsPerAddress: 10, maxBufferedBytes: 10_000_000 }, reached);
  const opened = await listenWs(
    { protocol: 'ws', address: '127.0.0.1', port: 0, ...limits, ...options },
    { user, clock, log, room },
  );
  listeners.push(opened);
  return opened;
}

/** A websocket that has said something, and its flow. */
async function openFlow(): Promise<{ client: RawWebSocket; flow: Flow }> {
  const client = await RawWebSocket.open(listener.port);
  const before = seen.length;
  client.frame(opcodes.text, sip);
  const flow = (await message(before)).flow;
  return { client, flow };
}

async function message(index = 0): Promise<Inbound> {
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(index), 10_000);
  const found = seen[index];
  if (found === undefined) throw new Error('no message');
  return found;
}

async function upgraded(options: UpgradeOptions): Promise<string> {
  const client = await RawWebSocket.connect(listener.port);
  client.upgrade(options);
  const status = await client.status();
  client.socket.destroy();
  return status;
}

beforeEach(async () => {
  clock = new FakeClock();
  log = recordLogs();
  reached = new LimitCounts();
  seen = [];
  closedFlows = [];
  listener = await listen();
});

afterEach(async () => {
  const closing = listeners.splice(0).map((opened) => opened.close());
  clock.advance(1_000);
  await Promise.all(closing);
});

describe('the upgrade to a websocket', () => {
  test('is granted to those who speak SIP, RFC 7118 §4.1', async () => {
    const status = await upgraded({ headers: { 'Sec-WebSocket-Protocol': 'mqtt, sip' } });
    expect(status).toMatch(/^101 /);
    expect(status).toMatch(/^Sec-WebSocket-Protocol: sip$/m);
  });

  test.each<[string, string, UpgradeOptions]>([
    ['without a subprotocol', '400', { headers: { 'Sec-WebSocket-Protocol': null } }],
    ['for another subprotocol', '400', { headers: { 'Sec-WebSocket-Protocol': 'sipx, mqtt' } }],
    ['without a key', '400', { headers: { 'Sec-WebSocket-Key': null } }],
    ['by POST', '405', { method: 'POST' }],
    ['that is none', '426', { headers: { Upgrade: null, Connection: 'keep-alive' } }],
    ['with headers without end', '431', { headers: { Cookie: 'x'.repeat(20_000) } }],
  ])('%s is refused with %s', async (_what, status, options) => {
    expect((await upgraded(options)).slice(0, 3)).toBe(status);
    await vi.waitFor(() => expect(listener.connections).toBe(0), 10_000);
  });

  test('is refused to pages that are not on the list of origins; other programs send no origin', async () => {
    listener = await listen({ allowedOrigins: ['https://phone.example.com'] });
    const of = async (origin: string | null): Promise<string> =>
      (await upgraded({ headers: { Origin: origin } })).slice(0, 3);
    expect([await of('https://phone.example.com'), await of('https://evil.example'), await of(null)]).toEqual([
      ...['101', '403', '101'],
    ]);
  });

  test('may not take longer than a message', async () => {
    const client = await RawWebSocket.connect(listener.port);
    client.socket.write('GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-Web');
    await vi.waitFor(() => expect(listener.connections).toBe(1), 10_000);
    clock.advance(MESSAGE_MS);
    await client.closed();
    await vi.waitFor(() => expect(listener.connections).toBe(0), 10_000);
  });

  test('is not even begun beyond the highest number of connections', async () => {
    listener = await listen({}, 1);
    await openFlow();
    const second = await RawWebSocket.connect(listener.port);
    await second.closed();
    expect(listener.connections).toBe(1);
    expect(reached.of('connections')).toBe(1);
  });
});

describe('a websocket', () => {
  test('brings a SIP message in each of its messages, as text, as binary and in pieces', async () => {
    const client = await RawWebSocket.open(listener.port);
    client.frame(opcodes.text, sip);
    client.frame(opcodes.binary, sip);
    client.frame(opcodes.text, sip.slice(0, 10), { fin: false });
    client.frame(opcodes.ping, 'between');
    client.frame(opcodes.continuation, sip.slice(10, 60), { fin: false });
    client.frame(opcodes.continuation, sip.slice(60));
    await message(2);
    expect(seen.map(({ message: { origin }, size }) => [origin?.bytes.toString('latin1'), size])).toEqual(
      Array(3).fill([sip, sip.length]),
    );
    expect(new Set(seen.map(({ flow }) => flow)).size).toBe(1);
    expect(seen[0]?.flow).toMatchObject({ protocol: 'ws', reliable: true, remoteAddress: '127.0.0.1', isOpen: true });
    expect(await client.next()).toEqual({ opcode: opcodes.pong, payload: Buffer.from('between') });
  });

  test('needs no Content-Length, and ignores what follows the message in the same one', async () => {
    const { client } = await openFlow();
    client.frame(opcodes.text, sip.replace(/Content-Length: .*\r\n/, ''));
    client.frame(opcodes.text, sip + sip);
    client.frame(opcodes.text, sip);
    await message(3);
    expect(seen).toHaveLength(4);
  });

  test('carries answers as text, and as binary when they are not UTF-8', async () => {
    const { client, flow } = await openFlow();
    expect(flow.send(Buffer.from('héllo'))).toBe(true);
    expect(flow.send(Buffer.from([0x68, 0xff]))).toBe(true);
    expect([await client.next(), await client.next()]).toEqual([
      { opcode: opcodes.text, payload: Buffer.from('héllo') },
      { opcode: opcodes.binary, payload: Buffer.from([0x68, 0xff]) },
    ]);
  });

  test('is the only way back to its peer', async () => {
    const { client, flow } = await openFlow();
    expect(listener.flowTo(flow.remoteAddress, flow.remotePort)).toBe(flow);
    expect(listener.flowTo(flow.remoteAddress, 1)).toBeUndefined();
    client.socket.destroy();
    await vi.waitFor(() => expect(closedFlows).toEqual([flow]), 10_000);
    expect(listener.flowTo(flow.remoteAddress, flow.remotePort)).toBeUndefined();
    expect([flow.isOpen, flow.send(Buffer.from('late'))]).toEqual([false, false]);
  });

  test('answers the keep-alive of streams, RFC 5626 §4.4.1', async () => {
    const { client } = await openFlow();
    client.frame(opcodes.text, '\r\n\r\n');
    expect(await client.next()).toEqual({ opcode: opcodes.text, payload: Buffer.from('\r\n') });
    expect(seen).toHaveLength(1);
  });

  test.each<[string, number, (client: RawWebSocket) => void]>([
    ['is no SIP', 1002, (client) => client.frame(opcodes.text, 'hello')],
    ['is not masked', 1002, (client) => client.frame(opcodes.text, sip, { masked: false })],
    ['goes on with what never began', 1002, (client) => client.frame(opcodes.continuation, sip)],
    ['is text, but no UTF-8', 1007, (client) => client.frame(opcodes.text, Buffer.from([0xff, 0xfe]))],
    ['is too long', 1009, (client) => client.frame(opcodes.binary, Buffer.alloc(MAX_HEAD_BYTES + MAX_BODY_BYTES + 1))],
  ])('that brings what %s is closed with %i', async (_what, code, misbehave) => {
    const { client, flow } = await openFlow();
    misbehave(client);
    expect(await client.closeCode()).toBe(code);
    client.socket.destroy();
    await vi.waitFor(() => expect(closedFlows).toEqual([flow]), 10_000);
    expect(seen).toHaveLength(1);
  });

  test('that brings no SIP is closed', async () => {
    const client = await RawWebSocket.open(listener.port);
    client.frame(opcodes.text, '\r\n\r\n');
    await client.next();
    clock.advance(MESSAGE_MS);
    await client.closed();
  });

  test('may be silent as long as its peer answers pings', async () => {
    const { client } = await openFlow();
    for (let i = 0; i < 5; i++) {
      clock.advance(PING_MS);
      const { opcode, payload } = await client.next();
      expect(opcode).toBe(opcodes.ping);
      client.frame(opcodes.pong, payload);
      client.frame(opcodes.text, '\r\n\r\n');
      await client.next();
    }
    clock.advance(PING_MS);
    await client.next();
    clock.advance(PING_MS);
    await client.closed();
  });

  test('whose peer reads nothing is given up', async () => {
    const { client, flow } = await openFlow();
    client.socket.pause();
    const chunk = Buffer.alloc(100_000, 'x');
    await vi.waitFor(() => expect(flow.send(chunk)).toBe(false), { timeout: 10_000, interval: 1 });
    await vi.waitFor(() => expect(closedFlows).toEqual([flow]), 10_000);
    expect(reached.of('unread')).toBe(1);
  });

  test('is closed when we leave, also when its peer does not agree', async () => {
    const { client } = await openFlow();
    const closing = listener.close();
    expect(await client.closeCode()).toBe(1001);
    clock.advance(1_000);
    await closing;
    await client.closed();
  });
});

test('a port that is taken is told as such', async () => {
  await expect(listen({ port: listener.port })).rejects.toMatchObject({
    code: 'ENGINE_BIND',
    endpoint: `ws/127.0.0.1:${String(listener.port)}`,
    reason: 'EADDRINUSE',
  });
});

describe('a secure websocket', () => {
  test('needs a certificate', async () => {
    await expect(listen({ protocol: 'wss' })).rejects.toMatchObject({ code: 'ENGINE_BIND' });
    await expect(listen({ protocol: 'wss', tls: { cert: 'no', key: 'pem' } })).rejects.toMatchObject({
      code: 'ENGINE_BIND',
    });
  });

  test('carries SIP inside TLS', async () => {
    const tls = testCertificate('localhost');
    const secure = await listen({ protocol: 'wss', tls });
    const socket = connectSecurely({ port: secure.port, host: '127.0.0.1', ca: tls.cert, servername: 'localhost' });
    await once(socket, 'secureConnect');
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: sip\r\n\r\n',
    );
    await once(socket, 'data');
    const text = Buffer.from(sip);
    socket.write(Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]), text]));
    expect((await message()).flow).toMatchObject({ protocol: 'wss', isOpen: true });
    expect(secure.connections).toBe(1);
    socket.destroy();
  });

  test.each([
    ['none', undefined, 'UNABLE_TO_GET_ISSUER_CERT'],
    ['one of somebody else', testCertificate('stranger.test'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('is refused where peers must have a certificate and this one has %s', async (_what, certificate, reason) => {
    const authority = testCertificate('authority.test');
    const ours = testCertificate('localhost', authority);
    const secure = await listen({ protocol: 'wss', tls: { ...ours, peerCa: authority.cert } });
    const socket = connectSecurely({ port: secure.port, host: '127.0.0.1', ca: authority.cert, ...certificate });
    socket.on('error', () => socket.destroy());
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const heard: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
    await once(socket, 'close');
    expect(heard).toEqual([]);
    expect(log.lines).toContainEqual({
      level: 'warn',
      event: 'connection.refused',
      fields: { peer: '127.0.0.1', reason },
    });
    expect(secure.connections).toBe(0);
  });
});
