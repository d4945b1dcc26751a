import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { systemClock } from '@callweave/clock';
import { type EngineLimits, type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, type LimitName, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

let engine: SipEngine;
let phone: RawPhone;
const apps: RawApp[] = [];
const sockets: Socket[] = [];

/** More than any limit under test, at once. */
const MANY = 100;

async function start(limits: Partial<EngineLimits> = {}): Promise<void> {
  engine = await startSipEngine(
    {
      contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp', 'tcp'] }],
      control: { address: '127.0.0.1', port: 0, secret: 's3cret' },
      // Nothing is repeated.
      timers: { t1: 60_000, t2: 60_000, t4: 5_000 },
      limits,
    },
    { clock: systemClock, log: recordLogs() },
  );
}

beforeEach(async () => {
  phone = await openRawPhone();
});

afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  phone.close();
  await engine.stop();
});

const reached = (limit: LimitName): number => engine.stats().limits.get(limit) ?? 0;
const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));

async function connectApp(...verbs: string[]): Promise<RawApp> {
  const app = await connectRawApp(engine.controlPort);
  apps.push(app);
  app.send('a|authenticate|s3cret|');
  await app.next();
  for (const verb of verbs) {
    app.send(`r|route|${verb}`);
    await app.next();
  }
  return app;
}

/** A connection; what the engine does with it, it does. */
async function dial(): Promise<Socket> {
  const socket = connect(sipPort(), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Resolves when a connection has gone, however it ended. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

let count = 0;
function text(fields: Parameters<typeof requestText>[0] = {}): string {
  count++;
  return requestText({
    ...{ branch: `z9hG4bKh${count}`, callId: `call${count}`, sentBy: `127.0.0.1:${phone.port}` },
    ...fields,
  });
}

describe('what a stranger may take', () => {
  test('connections: so many from one address, and so many in all', async () => {
    await start({ maxConnectionsPerAddress: 2 });
    await Promise.all([dial(), dial()]);
    await vi.waitFor(() => expect(engine.stats().connections).toBe(2), 10_000);
    await gone(await dial());
    expect(reached('connections-of-address')).toBe(1);
    expect(engine.stats().connections).toBe(2);
    // There is room again for whoever comes after one that has left.
    sockets[0]?.destroy();
    await vi.waitFor(() => expect(engine.stats().connections).toBe(1), 10_000);
    const next = await dial();
    next.write(text({ transport: 'TCP' }));
    const [answer] = (await once(next, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^SIP\/2\.0 503 /);
  });

  test('memory for messages that do not end: so much for all connections', async () => {
    await start({ maxBufferedBytes: 100_000 });
    const half = text({ transport: 'TCP', body: 'x'.repeat(80_000) }).slice(0, -1);
    const first = await dial();
    first.write(half);
    const second = await dial();
    second.write(half);
    await Promise.race([gone(first), gone(second)]);
    expect(reached('buffered')).toBe(1);
    await vi.waitFor(() => expect(engine.stats().connections).toBe(1), 10_000);
  });

  test('time for a message: then its connection is closed', async () => {
    await start({ messageMs: 50 });
    const silent = await dial();
    await gone(silent);
    expect(reached('unfinished-message')).toBe(1);
  });

  test('bytes and headers of a message', async () => {
    await start();
    const long = await dial();
    const answer = once(long, 'data') as Promise<[Buffer]>;
    long.write(text({ transport: 'TCP' }).replace('Content-Length: 0', 'Content-Length: 9999999'));
    expect((await answer)[0].toString()).toMatch(/^SIP\/2\.0 513 /);
    await gone(long);
    expect(reached('message-size')).toBe(1);
    phone.send(text({ headers: Array<string>(600).fill('X-A: b') }), sipPort());
    await vi.waitFor(() => expect(reached('message-size')).toBe(2), 10_000);
  });

  test('transactions, and with them whatever waits for an application or an ACK', async () => {
    await start({ maxTransactions: 3 });
    const app = await connectApp('options');
    for (let n = 0; n < 3; n++) {
      phone.send(text(), sipPort());
      await app.next();
    }
    phone.send(text(), sipPort());
    expect(await phone.next()).toMatch(/^SIP\/2\.0 503 [^]*\r\nRetry-After: \d/);
    expect(reached('transactions')).toBe(1);
    expect(engine.stats()).toMatchObject({ transactions: 3, pending: 3 });
  });

  test('dialogs: what would make another is refused, and those there are go on', async () => {
    await start({ maxDialogs: 1 });
    const app = await connectApp('invite', 'info');
    phone.send(text({ method: 'INVITE', callId: 'held' }), sipPort());
    const invite = await app.next();
    app.send(`x|sip|${invite.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\nTo: <sip:bob@example.com>;tag=ours\r\n\r\n`);
    for (let n = 0; n < 2; n++) await phone.next();
    phone.send(text({ method: 'ACK', callId: 'held', toTag: 'ours' }), sipPort());
    phone.send(text({ method: 'INVITE' }), sipPort());
    expect(await phone.next()).toMatch(/^SIP\/2\.0 503 [^]*\r\nRetry-After: \d/);
    expect(reached('dialogs')).toBe(1);
    phone.send(text({ method: 'INFO', callId: 'held', toTag: 'ours', cseq: 2 }), sipPort());
    await vi.waitFor(async () => expect(await app.next()).toContain('\r\nINFO '), 10_000);
  });

  test('connections of applications', async () => {
    await start({ maxApps: 1 });
    await connectApp();
    const refused = await connectRawApp(engine.controlPort);
    apps.push(refused);
    await refused.closed();
    expect(reached('apps')).toBe(1);
  });

  test('early dialogs of one call, however many phones claim to ring', async () => {
    await start();
    const app = await connectApp();
    app.send(`c|sip|||\r\nINVITE sip:x@127.0.0.1:${phone.port} SIP/2.0\r\nFrom: <sip:a@b>;tag=us\r\n\r\n`);
    const invite = await phone.next();
    await app.next();
    const [via = ''] = /^Via: .*\r\n/m.exec(invite) ?? [];
    const [callId = ''] = /^Call-ID: .*\r\n/m.exec(invite) ?? [];
    const [cseq = ''] = /^CSeq: .*\r\n/m.exec(invite) ?? [];
    for (let n = 0; n < MANY; n++) {
      const head = `SIP/2.0 180 Ringing\r\n${via}From: <sip:a@b>;tag=us\r\nTo: <sip:x@y>;tag=t${n}\r\n${callId}${cseq}`;
      phone.send(`${head}Contact: <sip:x@127.0.0.1:${phone.port}>\r\nContent-Length: 0\r\n\r\n`, sipPort());
      await app.next();
    }
    expect(engine.stats().dialogs).toBe(64);
    expect(reached('forks')).toBe(MANY - 64);
  });

  test('contacts of one connection, of which applications are told when it closes', async () => {
    await start();
    const app = await connectApp('register', 'flow-closed');
    const socket = await dial();
    for (let n = 0; n < 1_001; n++) {
      const contact = `Contact: <sip:x${n}@127.0.0.1:${phone.port};transport=tcp>`;
      socket.write(text({ method: 'REGISTER', transport: 'TCP', headers: [contact] }));
      const received = await app.next();
      app.send(`x|sip|${received.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\n`);
      await app.next();
    }
    expect(reached('contacts')).toBe(1);
  });
});
