import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectPlainly } from 'node:net';
import { connect, type ConnectionOptions, createServer, type TLSSocket } from 'node:tls';
import { FakeClock } from '@callweave/clock/testing';
import { LimitCounts, Room, testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { type RecordingLogger, recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listenTls, type SecureOptions } from '../src/transport/tls.ts';
import { type Flow, type Inbound, type Listener } from '../src/transport/transport.ts';

const MESSAGE_MS = 30_000;
const sip = requestText();
const authority = testCertificate('authority.test');
const ours = testCertificate('engine.test', authority);
const theirs = testCertificate('phone.test', authority);
const stranger = testCertificate('stranger.test');

let clock: FakeClock;
let log: RecordingLogger;
let seen: Inbound[];
let closedFlows: Flow[];
let listener: Listener;
const listeners: Listener[] = [];
let reached: LimitCounts;
const sockets: TLSSocket[] = [];

async function listen(options: Partial<SecureOptions> = {}, maxConnections = 10): Promise<Listener> {
  const [messages, closed] = [seen, closedFlows];
  const user = {
    onMessage: (inbound: Inbound) => void messages.push(inbound),
    onFlowClosed: (flow: Flow) => void closed.push(flow),
  };
  const limits = { messageMs: MESSAGE_MS, maxQueuedBytes: 200_000 };
  const room = new Room({ maxConnections, maxConnectionsPerAddress: 10, maxBufferedBytes: 10_000_000 }, reached);
  const opened = await listenTls(
    { address: '127.0.0.1', port: 0, tls: ours, ...limits, ...options },
    { user, clock, log, room },
  );
  listeners.push(opened);
  return opened;
}

/** A phone that believes the authority. */
async function dial(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const trust = { ca: authority.cert, servername: 'engine.test' };
  const socket = connect({ port: listener.port, host: '127.0.0.1', ...trust, ...options });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

async function message(index = 0): Promise<Inbound> {
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(index), 10_000);
  const found = seen[index];
  if (found === undefined) throw new Error('no message');
  return found;
}

beforeEach(async () => {
  clock = new FakeClock();
  reached = new LimitCounts();
  log = recordLogs();
  seen = [];
  closedFlows = [];
  listener = await listen();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((opened) => opened.close()));
});

describe('SIP inside TLS', () => {
  test('is taken from openssl, and answered by the same connection', async () => {
    const peer = ['s_client', '-quiet', '-connect', `127.0.0.1:${String(listener.port)}`];
    const client = spawn('setpriv', ['--pdeathsig', 'KILL', 'openssl', ...peer]);
    try {
      client.stdin.write(sip);
      const { flow } = await message();
      expect(flow).toMatchObject({ protocol: 'tls', reliable: true, isOpen: true, remoteAddress: '127.0.0.1' });
      flow.send(Buffer.from('SIP/2.0 200 OK\r\n\r\n'));
      const [answer] = (await once(client.stdout, 'data')) as [Buffer];
      expect(answer.toString()).toBe('SIP/2.0 200 OK\r\n\r\n');
      expect(listener.flowTo('127.0.0.1', flow.remotePort)).toBe(flow);
    } finally {
      client.kill('SIGKILL');
    }
    await vi.waitFor(() => expect(closedFlows).toHaveLength(1), 10_000);
    expect(listener.connections).toBe(0);
  });

  test('makes nobody who has not proved who he is one who listens elsewhere', async () => {
    const socket = await dial();
    socket.write(sip);
    const { flow } = await message();
    listener.alias?.(flow, 5071);
    expect(listener.connectionTo?.('127.0.0.1', 5071)).toBeUndefined();
  });

  test('needs TLS 1.2', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(dial(old)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
    const still = await dial({ maxVersion: 'TLSv1.2' });
    expect(still.getProtocol()).toBe('TLSv1.2');
    listener = await listen({ tls: { ...ours, minVersion: 'TLSv1.3' } });
    await expect(dial({ maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    });
  });

  test('is encrypted with the ciphers that are allowed', async () => {
    listener = await listen({ tls: { ...ours, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } });
    expect((await dial({ maxVersion: 'TLSv1.2' })).getCipher().name).toBe('ECDHE-ECDSA-AES256-GCM-SHA384');
    await expect(dial({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).rejects.toThrow(
      'handshake',
    );
  });

  test('may not take longer to begin than a message, and counts as a connection meanwhile', async () => {
    const silent = connectPlainly(listener.port, '127.0.0.1');
    await vi.waitFor(() => expect(listener.connections).toBe(1), 10_000);
    clock.advance(MESSAGE_MS);
    await once(silent, 'close');
    await vi.waitFor(() => expect(listener.connections).toBe(0), 10_000);
  });

  test('is not begun beyond the highest number of connections', async () => {
    listener = await listen({}, 1);
    await dial();
    await expect(dial()).rejects.toThrow('disconnected');
    expect(reached.of('connections')).toBe(1);
    expect(log.lines).toContainEqual({ level: 'warn', event: 'connection.refused', fields: { peer: '127.0.0.1' } });
  });

  test('is left by what is no TLS', async () => {
    const plain = connectPlainly(listener.port, '127.0.0.1');
    plain.on('error', () => plain.destroy());
    plain.write(sip);
    await once(plain, 'close');
    await vi.waitFor(() => expect(listener.connections).toBe(0), 10_000);
    expect(seen).toEqual([]);
  });
});

describe('where peers must have a certificate', () => {
  beforeEach(async () => {
    listener = await listen({ tls: { ...ours, peerCa: authority.cert } });
  });

  test('one of the authority is let in', async () => {
    const socket = await dial(theirs);
    socket.write(sip);
    expect((await message()).flow.isOpen).toBe(true);
  });

  test('one of the authority is reached by the connection it has opened, as if it listened where it says, until that ends', async () => {
    const socket = await dial(theirs);
    socket.write(sip);
    const { flow } = await message();
    listener.alias?.(flow, 5071);
    expect(listener.flowTo('127.0.0.1', 5071)).toBe(flow);
    socket.destroy();
    await vi.waitFor(() => expect(closedFlows).toEqual([flow]), 10_000);
    expect(listener.connectionTo?.('127.0.0.1', 5071)).toBeUndefined();
  });

  test.each([
    ['none at all', {}, 'UNABLE_TO_GET_ISSUER_CERT'],
    ['one of somebody else', stranger, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ])('%s is refused, and the log says why', async (_what, certificate, reason) => {
    const socket = await dial(certificate);
    socket.on('error', () => socket.destroy());
    socket.write(sip);
    await once(socket, 'close');
    expect(seen).toEqual([]);
    const fields = { peer: '127.0.0.1', reason };
    expect(log.lines).toContainEqual({ level: 'warn', event: 'connection.refused', fields });
    expect(listener.connections).toBe(0);
  });
});

describe('a connection that we open', () => {
  const accepted: TLSSocket[] = [];

  async function serve(certificate: { cert: string; key: string }): Promise<{ port: number; close: () => void }> {
    const server = createServer({ ...certificate, requestCert: true, ca: authority.cert }, (socket) => {
      accepted.push(socket);
      socket.on('error', () => socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    const close = (): void => {
      for (const socket of accepted.splice(0)) socket.destroy();
      server.close();
    };
    return { port: typeof bound === 'object' && bound !== null ? bound.port : 0, close };
  }

  test('shows our certificate, carries messages both ways, and is used again', async () => {
    const server = await serve(stranger);
    const flow = listener.flowTo('127.0.0.1', server.port);
    expect(flow?.send(Buffer.from(sip))).toBe(true);
    await vi.waitFor(() => expect(accepted).toHaveLength(1), 10_000);
    const [peer] = accepted;
    expect(peer?.authorized).toBe(true);
    peer?.write(sip);
    expect((await message()).flow).toBe(flow);
    expect(listener.flowTo('127.0.0.1', server.port)).toBe(flow);
    server.close();
  });

  test('ends at once where the certificate is not of the authority, if there is one', async () => {
    listener = await listen({ tls: { ...ours, peerCa: authority.cert } });
    const [bad, good] = [await serve(stranger), await serve(theirs)];
    const flow = listener.flowTo('127.0.0.1', bad.port);
    flow?.send(Buffer.from(sip));
    await vi.waitFor(() => expect(closedFlows).toEqual([flow]), 10_000);
    const other = listener.flowTo('127.0.0.1', good.port);
    other?.send(Buffer.from(sip));
    await vi.waitFor(() => expect(accepted.some((socket) => socket.bytesRead > 0)).toBe(true), 10_000);
    expect(other?.isOpen).toBe(true);
    bad.close();
    good.close();
  });
});

describe('a renewed certificate', () => {
  test('is shown to whoever connects next; connections go on', async () => {
    const before = await dial();
    listener.renew?.(testCertificate('renewed.test', authority));
    const after = await dial({ servername: 'renewed.test' });
    expect([before.getPeerCertificate().subject.CN, after.getPeerCertificate().subject.CN]).toEqual([
      ...['engine.test', 'renewed.test'],
    ]);
    before.write(sip);
    expect((await message()).flow.isOpen).toBe(true);
  });

  test('that does not fit its key changes nothing', async () => {
    expect(() => listener.renew?.({ cert: ours.cert, key: theirs.key })).toThrow('key values mismatch');
    expect((await dial()).getPeerCertificate().subject.CN).toBe('engine.test');
  });
});

test.each([
  ['without a certificate', undefined, 'no certificate and key'],
  ['with the key of another certificate', { cert: ours.cert, key: theirs.key }, 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'],
  ['with what is no PEM', { cert: 'no', key: 'pem' }, 'ERR_OSSL_PEM_NO_START_LINE'],
])('nothing is listened for %s', async (_what, tls, reason) => {
  await expect(listen({ tls })).rejects.toMatchObject({ code: 'ENGINE_BIND', reason });
});
