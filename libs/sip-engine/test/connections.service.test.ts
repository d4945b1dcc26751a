import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, type RawApp } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { opcodes, RawWebSocket } from './raw-websocket.ts';

const CONTACT = '<sip:k3v8t2@df7jal23ls0d.invalid;transport=ws>';

let clock: FakeClock;
let engine: SipEngine;
let app: RawApp;

beforeEach(async () => {
  clock = new FakeClock();
  engine = await startSipEngine(
    {
      contacts: [
        { address: '127.0.0.1', port: 0, protocols: ['ws'] },
        { address: '127.0.0.1', port: 0, protocols: ['tcp'] },
      ],
      control: { address: '127.0.0.1', port: 0, secret: 's3cret' },
    },
    { clock, log: recordLogs() },
  );
  app = await connectRawApp(engine.controlPort);
  await command('authenticate|s3cret|');
  for (const verb of ['register', 'invite', 'flow-closed']) await command(`route|${verb}`);
});

afterEach(async () => {
  app.close();
  const stopping = engine.stop();
  await vi.waitFor(() => expect(engine.stats().apps).toBe(0), 10_000);
  clock.advance(1_000);
  await stopping;
});

async function command(text: string): Promise<string> {
  app.send(`c|${text}`);
  return app.next();
}

function connect(): Promise<RawWebSocket> {
  return RawWebSocket.open(Number(engine.contacts[0]?.split(':').at(-1)));
}

interface Told {
  readonly leader: readonly string[];
  readonly sip: string;
}

/** The next message for the application. */
async function told(): Promise<Told> {
  const [leader = '', ...lines] = (await app.next()).split('\r\n');
  return { leader: leader.split('|'), sip: lines.join('\r\n') };
}

/** Answers `request` for the application, and waits until the engine has done so. */
async function answer(request: Told, text: string): Promise<void> {
  await command(`sip|${request.leader[8] ?? ''}|\r\nSIP/2.0 ${text}\r\n\r\n`);
}

function request(method: string, fields: Parameters<typeof requestText>[0] = {}): string {
  const via = { transport: 'WS', sentBy: 'df7jal23ls0d.invalid' };
  return requestText({ method, headers: [`Contact: ${CONTACT}`], ...via, branch: `z9hG4bK${method}`, ...fields });
}

async function register(client: RawWebSocket, fields: Parameters<typeof requestText>[0] = {}): Promise<Told> {
  client.frame(opcodes.text, request('REGISTER', fields));
  const received = await told();
  await answer(received, '200 OK');
  await client.next();
  return received;
}

/** A call of the browser, answered and acknowledged. */
async function call(client: RawWebSocket): Promise<void> {
  client.frame(opcodes.text, request('INVITE', { callId: 'call' }));
  const invite = await told();
  await answer(invite, '200 OK\r\nTo: <sip:bob@example.com>;tag=ours');
  client.frame(opcodes.text, request('ACK', { callId: 'call', toTag: 'ours', branch: 'z9hG4bKack' }));
  expect((await told()).sip).toMatch(/^ACK /);
}

describe('a request to the Contact of a browser', () => {
  test('goes by its connection, and to nobody who claims that Contact later', async () => {
    const client = await connect();
    await register(client);
    const eve = await connect();
    await register(eve, { branch: 'z9hG4bKeve', callId: 'eve' });
    app.send('c|sip|||\r\nOPTIONS sip:k3v8t2@df7jal23ls0d.invalid;transport=ws SIP/2.0\r\n\r\n');
    expect((await client.next()).payload.toString()).toMatch(/^OPTIONS sip:k3v8t2@df7jal23ls0d\.invalid;transport=ws /);
    expect(await app.next()).toContain('|OK|');
    for (const one of [client, eve]) {
      one.socket.destroy();
      await told();
    }
    expect(await command('sip|||\r\nOPTIONS sip:k3v8t2@df7jal23ls0d.invalid SIP/2.0\r\n\r\n')).toContain('|NOK|');
  });
});

describe('when the connection of a device closes', () => {
  test('the application that asked for it is told whom it can no longer reach by it', async () => {
    const client = await connect();
    const registered = await register(client);
    client.socket.destroy();
    const { leader, sip } = await told();
    expect(sip).toMatch(/^FLOW-CLOSED sip:bob@example\.com SIP\/2\.0\r\n/);
    expect(sip).toContain('CSeq: 1 FLOW-CLOSED\r\n');
    expect(sip).toContain(`Contact: ${CONTACT}\r\n`);
    for (const name of ['Via', 'From', 'To', 'Call-ID']) {
      const line = new RegExp(`^${name}: .*$`, 'm');
      expect(line.exec(sip)?.[0]).toBe(line.exec(registered.sip)?.[0]);
    }
    // Source, peer and the socket of ours are those of the REGISTER: it names the same flow.
    expect(leader[2]).toBe('application');
    expect([...leader.slice(4, 7), ...leader.slice(10)]).toEqual([
      ...registered.leader.slice(4, 7),
      ...registered.leader.slice(10),
    ]);
  });

  test('while its REGISTER is being answered, the application is told all the same', async () => {
    const client = await connect();
    client.frame(opcodes.text, request('REGISTER'));
    const register = await told();
    client.socket.destroy();
    await vi.waitFor(() => expect(engine.stats().connections).toBe(0), 10_000);
    app.send(`c|sip|${register.leader[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    const both = [await app.next(), await app.next()];
    expect(both.filter((text) => text.includes('FLOW-CLOSED'))).toHaveLength(1);
  });

  test('a refused REGISTER ends nothing', async () => {
    const client = await connect();
    client.frame(opcodes.text, request('REGISTER'));
    await answer(await told(), '403 Forbidden');
    await client.next();
    client.socket.destroy();
    await vi.waitFor(() => expect(engine.stats().connections).toBe(0), 10_000);
    expect(await command('ping')).toContain('pong');
  });

  test('a call that nobody has answered yet is cancelled', async () => {
    const client = await connect();
    client.frame(opcodes.text, request('INVITE', { callId: 'call' }));
    const invite = await told();
    await answer(invite, '180 Ringing');
    client.socket.destroy();
    const { leader, sip } = await told();
    expect(sip).toMatch(/^CANCEL /);
    expect(leader[8]).toBe(invite.leader[8]);
    expect(engine.stats()).toMatchObject({ dialogs: 0, pending: 0 });
  });

  test('a call waits a moment for the device to come back, and is ended when it does not', async () => {
    const client = await connect();
    await call(client);
    client.socket.destroy();
    await vi.waitFor(() => expect(engine.stats().connections).toBe(0), 10_000);
    clock.advance(9_000);
    expect(engine.stats().dialogs).toBe(1);
    clock.advance(2_000);
    const { leader, sip } = await told();
    expect(leader[2]).toBe('application');
    expect(sip).toMatch(/^BYE /);
    expect(sip).toContain('connection lost');
    expect(engine.stats().dialogs).toBe(0);
  });

  test('its call goes on by the connection that it registers by in time', async () => {
    const client = await connect();
    await register(client);
    await call(client);
    client.socket.destroy();
    expect((await told()).sip).toMatch(/^FLOW-CLOSED /);
    const again = await connect();
    await register(again, { cseq: 2, branch: 'z9hG4bKagain' });
    clock.advance(12_000);
    expect(engine.stats().dialogs).toBe(1);
    await command('sip||call;from-tag=f1|\r\nBYE sip:placeholder SIP/2.0\r\n\r\n');
    expect((await again.next()).payload.toString()).toMatch(/^BYE sip:k3v8t2@df7jal23ls0d\.invalid;transport=ws /);
    again.socket.destroy();
  });

  test('its call is not taken over by another account that claims its contact', async () => {
    const client = await connect();
    await register(client);
    await call(client);
    client.socket.destroy();
    await told();
    const other = await connect();
    const text = request('REGISTER', { branch: 'z9hG4bKother', callId: 'other' }).replace(
      'To: <sip:bob@',
      'To: <sip:eve@',
    );
    other.frame(opcodes.text, text);
    await answer(await told(), '200 OK');
    await other.next();
    clock.advance(12_000);
    expect((await told()).sip).toMatch(/^BYE /);
    other.socket.destroy();
  });
});

describe('a phone behind a NAT whose TCP connection has closed', () => {
  /** Its address is not one that could be connected to, and is another by the next connection. */
  const fields = (port: number, method: string, more: Parameters<typeof requestText>[0] = {}): string => {
    const contact = `<sip:bob@10.0.0.9:${String(port)};transport=tcp>;+sip.instance="<urn:uuid:1>"`;
    const via = { transport: 'TCP', sentBy: `10.0.0.9:${String(port)}` };
    return requestText({
      method,
      headers: [`Contact: ${contact}`],
      ...via,
      branch: `z9hG4bK${method}${port}`,
      ...more,
    });
  };

  async function dial(): Promise<Socket> {
    const port = Number(engine.contacts[1]?.split(':').at(-1));
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  async function ask(socket: Socket, text: string, status = '200 OK'): Promise<void> {
    const answered = once(socket, 'data');
    socket.write(text);
    await answer(await told(), status);
    await answered;
  }

  test('is sent what belongs to its call by the one that it registers by, whatever contact it has there', async () => {
    const [first, second, third] = [await dial(), await dial(), await dial()];
    await ask(first, fields(4_000, 'REGISTER'));
    await ask(first, fields(4_000, 'INVITE', { callId: 'call' }), '200 OK\r\nTo: <sip:bob@example.com>;tag=ours');
    first.write(fields(4_000, 'ACK', { callId: 'call', toTag: 'ours', branch: 'z9hG4bKack' }));
    expect((await told()).sip).toMatch(/^ACK /);
    for (const [port, gone, next] of [
      [5_000, first, second],
      [6_000, second, third],
    ] as const) {
      gone.destroy();
      expect((await told()).sip).toMatch(/^FLOW-CLOSED /);
      await ask(next, fields(port, 'REGISTER', { cseq: port }));
    }
    clock.advance(60_000);
    const seen = once(third, 'data') as Promise<[Buffer]>;
    await command('sip||call;from-tag=f1|\r\nBYE sip:placeholder SIP/2.0\r\n\r\n');
    expect((await seen)[0].toString()).toMatch(/^BYE sip:bob@10\.0\.0\.9:4000;transport=tcp /);
    for (const socket of [second, third]) socket.destroy();
  });
});
