import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, type SipEngineOptions, type Spammers, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { type RequestFields, requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let engine: SipEngine;
let phone: RawPhone;
let app: RawApp;
const sockets: Socket[] = [];

beforeEach(async () => {
  phone = await openRawPhone();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  app.close();
  phone.close();
  await engine.stop();
});

async function start(options: Partial<SipEngineOptions>, clock = systemClock): Promise<void> {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  engine = await startSipEngine({ contacts, control, ...options }, { clock, log: recordLogs() });
  app = await connectRawApp(engine.controlPort);
  for (const command of ['authenticate|s|', ...['invite', 'register', 'options'].map((verb) => `route|${verb}`)]) {
    await ask(command);
  }
}

async function ask(command: string): Promise<string> {
  app.send(`a|${command}`);
  return app.next();
}

const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));
const sipOf = (frame: string): string => frame.slice(frame.indexOf('\r\n') + 2);
const target = (): string => `sip:bob@127.0.0.1:${String(phone.port)}`;

let serial = 0;

/** A request of the phone that is not like any other. */
function ring(fields: RequestFields): string {
  serial++;
  const own = { callId: `c${String(serial)}`, branch: `z9hG4bK${String(serial)}` };
  return requestText({ sentBy: `127.0.0.1:${String(phone.port)}`, ...own, ...fields });
}

async function answerTo(fields: RequestFields): Promise<string> {
  phone.send(ring(fields), sipPort());
  return (await phone.next()).split('\r\n')[0] ?? '';
}

/** What the application is asked about. */
async function offered(fields: RequestFields): Promise<string> {
  phone.send(ring(fields), sipPort());
  return sipOf(await app.next());
}

async function dial(): Promise<Socket> {
  const socket = connect(sipPort(), '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

describe('spammers', () => {
  const spammers: Spammers = {
    ...{ action: 'reject', streamAction: 'discard' },
    headers: [
      { name: 'user-agent', values: ['sipcli', 'friendly-scanner'] },
      { name: 'from', values: ['sipvicious'] },
    ],
  };

  test('are answered 603 and not shown to applications, whose other requests are', async () => {
    await start({ screening: { spammers } });
    expect(await answerTo({ method: 'INVITE', headers: ['User-Agent: sipcli/v1.8'] })).toBe('SIP/2.0 603 Decline');
    const from = ring({ method: 'REGISTER' }).replace('sip:alice@', 'sip:sipvicious@');
    phone.send(from, sipPort());
    expect(await phone.next()).toMatch(/^SIP\/2\.0 603 /);
    expect(await offered({ method: 'OPTIONS', headers: ['User-Agent: good/1.0'] })).toContain('User-Agent: good/1.0');
  });

  test('hear nothing where they are discarded', async () => {
    await start({ screening: { spammers } });
    const socket = await dial();
    socket.write(ring({ method: 'OPTIONS', transport: 'TCP', headers: ['User-Agent: friendly-scanner'] }));
    // Somebody else is answered by the next thing that comes.
    socket.write(ring({ method: 'BYE', transport: 'TCP', callId: 'other' }));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^SIP\/2\.0 481 .*Call-ID: other/s);
  });
});

describe('OPTIONS of a probe', () => {
  test('is answered 200 by the engine, that of others by applications', async () => {
    await start({ screening: { optionsUserAgent: 'probe/1.0' } });
    expect(await answerTo({ headers: ['User-Agent: probe/1.0'] })).toBe('SIP/2.0 200 OK');
    expect(await offered({ headers: ['User-Agent: probe/1.0.1'] })).toMatch(/^OPTIONS /);
  });
});

describe('a REGISTER for an address', () => {
  test.each(['sip:192.0.2.1', 'sip:[2001:db8::1]:5060'])('such as %s is answered 403', async (uri) => {
    await start({ screening: { refusesAddressRegistrars: true } });
    expect(await answerTo({ method: 'REGISTER', uri })).toBe('SIP/2.0 403 Forbidden');
    expect(await offered({ method: 'REGISTER', uri: 'sip:example.com' })).toMatch(/^REGISTER sip:example\.com /);
  });
});

describe('the outbound proxy', () => {
  test('gets requests outside dialogs, with the URI they are for', async () => {
    await start({ outboundProxy: `sip:127.0.0.1:${String(phone.port)};lr` });
    await ask('sip||\r\nOPTIONS sip:bob@nowhere.invalid SIP/2.0\r\n\r\n');
    expect(await phone.next()).toMatch(/^OPTIONS sip:bob@nowhere\.invalid SIP/);
  });

  test('gets none for which the application names another next hop', async () => {
    await start({ outboundProxy: 'sip:192.0.2.99' });
    await ask(`sip|||${target()}\r\nOPTIONS sip:bob@nowhere.invalid SIP/2.0\r\n\r\n`);
    expect(await phone.next()).toMatch(/^OPTIONS sip:bob@nowhere\.invalid SIP/);
  });
});

describe('a request outside dialogs', () => {
  const message = (body: string): string =>
    `sip||\r\nMESSAGE ${target()} SIP/2.0\r\nContent-Type: text/plain\r\n\r\n${body}`;

  /** A server for TCP at the port of the phone, which takes another while somebody has that one. */
  async function listenBeside(): Promise<Server> {
    for (;;) {
      const server = createServer((socket) => sockets.push(socket));
      server.listen(phone.port, '127.0.0.1');
      const isTaken = await once(server, 'listening').then(
        () => false,
        () => true,
      );
      if (!isTaken) return server;
      phone.close();
      phone = await openRawPhone();
    }
  }

  test('goes by TCP when it is larger than the MTU, and says so; RFC 3261 §18.1.1', async () => {
    const server = await listenBeside();
    await start({ udpMtu: 1_300 });
    const connected = once(server, 'connection') as Promise<[Socket]>;
    await ask(message('x'.repeat(1_300)));
    const [peer] = await connected;
    let received = '';
    peer.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await expect.poll(() => received, { timeout: 10_000 }).toMatch(/^MESSAGE .*Via: SIP\/2\.0\/TCP .*x{1300}$/s);
    await ask(message('small'));
    expect(await phone.next()).toMatch(/^MESSAGE .*Via: SIP\/2\.0\/UDP .*small$/s);
    server.close();
  });

  test('of any size goes by UDP without one', async () => {
    await start({});
    await ask(message('x'.repeat(5_000)));
    expect(await phone.next()).toMatch(/Via: SIP\/2\.0\/UDP .*x{5000}$/s);
  });
});

describe('the timers', () => {
  test('are those that are set', async () => {
    const clock = new FakeClock();
    await start({ timers: { t1: 200, t2: 400, t4: 1_000, t1x64: 1_000 } }, clock);
    await ask(`sip||\r\nOPTIONS ${target()} SIP/2.0\r\n\r\n`);
    const first = await phone.next();
    const sent = [first];
    // Twice T1, and then every T2, until T1x64.
    for (const step of [200, 400]) {
      clock.advance(step);
      sent.push(await phone.next());
    }
    expect(sent).toEqual([first, first, first]);
    clock.advance(400);
    expect(sipOf(await app.next())).toMatch(/^SIP\/2\.0 408 /);
    expect(phone.waiting).toBe(0);
  });
});

describe('a caller behind a proxy that cannot be reached', () => {
  const route = 'Record-Route: <sip:127.0.0.2;lr;nat=yes>';
  // Nothing is repeated.
  const timers = { t1: 60_000, t2: 60_000, t4: 5_000 };

  async function hangUp(): Promise<string> {
    const contact = `Contact: <sip:alice@127.0.0.1:${String(phone.port)}>`;
    phone.send(ring({ method: 'INVITE', headers: [contact, route] }), sipPort());
    const [, , , , , , , , txn = ''] = (await app.next()).split('|');
    expect(await phone.next()).toMatch(/^SIP\/2\.0 100 /);
    const reply = await ask(`sip|${txn}|\r\nSIP/2.0 200 OK\r\n\r\nv=0\r\n`);
    expect(await phone.next()).toMatch(/^SIP\/2\.0 200 /);
    const dialog = reply.split('|')[11] ?? '';
    return ask(`sip||${dialog}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
  }

  test('is hung up where it called from when nat=yes counts', async () => {
    await start({ timers, natDetection: 'declared' });
    await hangUp();
    expect(await phone.next()).toMatch(/^BYE sip:alice@127.*Route: <sip:127\.0\.0\.2;lr;nat=yes>/s);
  });

  test('is else hung up by its proxy', async () => {
    await start({ timers });
    expect(await hangUp()).toContain('|OK|');
    expect(await offered({ method: 'OPTIONS' })).toMatch(/^OPTIONS /);
    expect(phone.waiting).toBe(0);
  });
});
