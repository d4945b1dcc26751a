import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { systemClock } from '@callweave/clock';
import { type RequestHandler, type SipEngine, type SipEngineOptions, startSipEngine } from '@callweave/sip-engine';
import {
  connectRawApp,
  openRawPhone,
  type RawPhone,
  type TestCertificate,
  testCertificate,
} from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// The parts of drachtio-srf that these tests use; the library itself is unmodified.
interface Srf {
  listen(options: object): Server;
  connect(options: object): void;
  on(event: string, listener: () => void): void;
  invite(handler: (request: object, response: SrfResponse) => void): void;
  options(handler: (request: object, response: SrfResponse) => void): void;
  createUAS(request: object, response: object, options: object): Promise<SrfDialog>;
  endSession(message: object): void;
  disconnect(): void;
}
interface SrfResponse {
  send(status: number, options?: object): void;
}
interface SrfDialog {
  on(event: string, listener: () => void): void;
}

const { default: Srf } = (await import('drachtio-srf')) as unknown as { default: new (tags?: string[]) => Srf };

const secret = 'cymru';
const undo: (() => unknown)[] = [];
let phone: RawPhone;
let engine: SipEngine;
let count = 0;

beforeEach(async () => {
  phone = await openRawPhone();
  undo.push(() => phone.close());
});

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function start(handlers: readonly RequestHandler[], more: Partial<SipEngineOptions> = {}): Promise<FakeClock> {
  const clock = new FakeClock();
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret };
  const options = { contacts, control, requestHandlers: handlers, ...more };
  // Applications that are drachtio-srf take their time; deadlines are a matter of the clock.
  engine = await startSipEngine(options, { clock: more.limits === undefined ? systemClock : clock, log: recordLogs() });
  undo.push(() => engine.stop());
  return clock;
}

const tcp = (port: number): RequestHandler => ({ method: '*', httpMethod: 'GET', url: `tcp://127.0.0.1:${port}` });
const web = (port: number, httpMethod: 'GET' | 'POST' = 'GET'): RequestHandler => {
  return { method: '*', httpMethod, url: `http://127.0.0.1:${port}/where` };
};

/** An application that waits to be connected to. */
async function listen(tls?: TestCertificate): Promise<{ srf: Srf; port: number }> {
  const srf = new Srf();
  const server = srf.listen({ host: '127.0.0.1', port: 0, secret, ...(tls === undefined ? {} : { tls }) });
  await once(server, 'listening');
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { srf, port: (server.address() as AddressInfo).port };
}

/** A web server that says what to do with requests. */
async function answerWith(
  reply: unknown,
): Promise<{ port: number; asked: { request: IncomingMessage; body: string }[] }> {
  const asked: { request: IncomingMessage; body: string }[] = [];
  const server: HttpServer = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push({ request, body });
      if (reply !== undefined) response.end(typeof reply === 'string' ? reply : JSON.stringify(reply));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}

const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));

function send(fields: Parameters<typeof requestText>[0]): void {
  count++;
  const own = { branch: `z9hG4bKo${count}`, callId: `out${count}`, sentBy: `127.0.0.1:${phone.port}` };
  phone.send(requestText({ ...own, ...fields }), sipPort());
}

/** The first line of the next answer that is no 100. */
async function answered(): Promise<string> {
  for (;;) {
    const [line = ''] = (await phone.next()).split('\r\n');
    if (!line.startsWith('SIP/2.0 100')) return line;
  }
}

async function ask(fields: Parameters<typeof requestText>[0] = {}): Promise<string> {
  send(fields);
  return answered();
}

describe('an application that is connected to', () => {
  test('answers with an unmodified drachtio-srf, and has the connection for as long as it wants', async () => {
    const { srf, port } = await listen();
    srf.options((request, response) => {
      response.send(200);
      setImmediate(() => srf.endSession(request));
    });
    await start([tcp(port)]);
    expect(await ask()).toBe('SIP/2.0 200 OK');
    await expect.poll(() => engine.stats().apps).toBe(0);
  });

  test('has the whole call, and its end, on one connection', async () => {
    const { srf, port } = await listen();
    let ended = 0;
    srf.invite((request, response) => {
      void srf.createUAS(request, response, { localSdp: 'v=0\r\n' }).then((dialog) => {
        dialog.on('destroy', () => {
          ended++;
          srf.endSession(request);
        });
      });
    });
    await start([tcp(port)]);
    const call = { callId: 'whole', headers: [`Contact: <sip:127.0.0.1:${phone.port}>`] };
    send({ ...call, method: 'INVITE' });
    expect(await phone.next()).toMatch(/^SIP\/2.0 100 /);
    const toTag = /To: .*;tag=(\S+)\r/.exec(await phone.next())?.[1] ?? '';
    send({ ...call, method: 'ACK', toTag });
    expect(await ask({ ...call, method: 'BYE', cseq: 2, toTag })).toBe('SIP/2.0 200 OK');
    expect(ended).toBe(1);
    await expect.poll(() => engine.stats()).toMatchObject({ apps: 0, dialogs: 0, pending: 0 });
  });

  test('by TLS, when its certificate is one to trust', async () => {
    const authority = testCertificate('authority');
    const { srf, port } = await listen(testCertificate('app', authority));
    srf.options((_, response) => response.send(200));
    const handler = { ...tcp(port), url: `tls://127.0.0.1:${port}` };
    await start([handler], { tls: { ...testCertificate('us'), peerCa: authority.cert } });
    expect(await ask()).toBe('SIP/2.0 200 OK');
    await start([handler]);
    expect(await ask()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('and is not there: the caller is told to try again', async () => {
    const { port } = await listen();
    for (const one of undo.splice(1)) await one();
    await start([tcp(port)]);
    expect(await ask()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('and says nothing is given up, and the caller told', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    undo.push(() => silent.close());
    const clock = await start([tcp((silent.address() as AddressInfo).port)], { limits: {} });
    send({});
    const [socket] = (await once(silent, 'connection')) as [Socket];
    clock.advance(5_000);
    await closed(socket.resume());
    expect(await answered()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('for a caller who has given up meanwhile is let go again', async () => {
    const slow = createServer();
    slow.listen(0, '127.0.0.1');
    await once(slow, 'listening');
    undo.push(() => slow.close());
    await start([tcp((slow.address() as AddressInfo).port)]);
    const call = { callId: 'early', branch: 'z9hG4bKearly' };
    send({ ...call, method: 'INVITE' });
    const [socket] = (await once(slow, 'connection')) as [Socket];
    send({ ...call, method: 'CANCEL' });
    expect([await answered(), await answered()]).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 487 Request Terminated']);
    const text = 'a|authenticate|cymru|';
    socket.write(`${text.length}#${text}`);
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await closed(socket);
    expect(heard).not.toContain('INVITE sip:');
  });

  test('and goes before it has answered leaves no caller waiting', async () => {
    const { srf, port } = await listen();
    srf.options((request) => srf.endSession(request));
    await start([tcp(port)]);
    expect(await ask()).toBe('SIP/2.0 503 Service Unavailable');
    expect(engine.stats().pending).toBe(0);
  });
});

describe('a request handler', () => {
  test('is asked with what drachtio-server tells of a request, by GET', async () => {
    const { port, asked } = await answerWith({ action: 'reject', data: { status: 486 } });
    await start([web(port)]);
    expect(await ask({ uri: 'sip:bob@example.com;tenant=a%20b' })).toBe('SIP/2.0 486 Busy Here');
    const url = new URL(asked[0]?.request.url ?? '', 'http://localhost');
    expect(url.pathname).toBe('/where/');
    expect([...url.searchParams]).toEqual([
      ['method', 'OPTIONS'],
      ['domain', 'example.com'],
      ['protocol', 'udp'],
      ['source_address', '127.0.0.1'],
      ['fromUser', 'alice'],
      ['toUser', 'bob'],
      ['uriUser', 'bob'],
      ['contentType', ''],
      ['uri', 'sip:bob@example.com;tenant=a%20b'],
      ['tenant', 'a%20b'],
    ]);
  });

  test('is given the whole request by POST', async () => {
    const { port, asked } = await answerWith({ action: 'reject', data: { status: 603, reason: 'Not Today' } });
    await start([web(port, 'POST')]);
    expect(await ask({ callId: 'posted' })).toBe('SIP/2.0 603 Not Today');
    expect(asked[0]?.request.method).toBe('POST');
    expect(asked[0]?.body).toMatch(/^OPTIONS sip:[^]*Call-ID: posted\r\n/);
  });

  test('sends a request to the application that it names', async () => {
    const { srf, port } = await listen();
    srf.options((_, response) => response.send(200));
    const handler = await answerWith({ action: 'route', data: { uri: `127.0.0.1:${port}` } });
    await start([web(handler.port)]);
    expect(await ask()).toBe('SIP/2.0 200 OK');
  });

  test('sends requests in turn to the connected applications with a tag that take the method', async () => {
    const handler = await answerWith({ action: 'route', data: { tag: 'green' } });
    await start([web(handler.port)]);
    const app = async (name: string, tags: string[], verb: string): Promise<void> => {
      const raw = await connectRawApp(engine.controlPort);
      undo.push(() => raw.close());
      raw.send(`a|authenticate|${secret}|${tags.join(',')}`);
      raw.send(`r|route|${verb}`);
      await raw.next();
      await raw.next();
      void (async () => {
        for (;;) {
          const [, kind, , , , , , , txn = ''] = (await raw.next()).split('|');
          if (kind === 'sip') raw.send(`x|sip|${txn}|\r\nSIP/2.0 200 ${name}\r\n\r\n`);
        }
      })();
    };
    await app('blue', ['blue'], 'options');
    await app('other', ['green'], 'message');
    await app('one', ['red', 'green'], 'options');
    await app('two', ['green'], 'options');
    expect([await ask(), await ask(), await ask()]).toEqual(['one', 'two', 'one'].map((name) => `SIP/2.0 200 ${name}`));
    expect(await ask({ method: 'INFO' })).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('redirects', async () => {
    const { port } = await answerWith({
      action: 'redirect',
      data: { contact: ['sip:a@192.0.2.1', 'sip:b@192.0.2.2'] },
    });
    await start([web(port)]);
    send({});
    expect(await phone.next()).toMatch(
      /^SIP\/2.0 302 Moved\r\n[^]*Contact: <sip:a@192.0.2.1>\r\nContact: <sip:b@192.0.2.2>\r\n/,
    );
  });

  test('has requests proxied without any application', async () => {
    const target = await openRawPhone();
    undo.push(() => target.close());
    const data = { destination: `sip:bob@127.0.0.1:${target.port}`, recordRoute: true };
    const { port } = await answerWith({ action: 'proxy', data });
    await start([web(port)]);
    send({ method: 'INVITE', uri: `sip:bob@127.0.0.1:${sipPort()}` });
    const invite = await target.next();
    expect(invite).toMatch(/^INVITE sip:bob@127.0.0.1[^]*Record-Route: /);
    target.send(invite.replace(/^.*/, 'SIP/2.0 486 Busy Here').replace(/(To: .*)\r/, '$1;tag=t\r'), sipPort());
    expect(await answered()).toBe('SIP/2.0 486 Busy Here');
  });

  test.each([
    'not json',
    '{}',
    'null',
    { action: 'route', data: {} },
    { action: 'route', data: { uri: 'nowhere' } },
    { action: 'reject', data: { status: 200 } },
    { action: 'redirect', data: { contact: ['sip:a@b>\r\nX: y'] } },
    { action: 'redirect', data: { contact: [] } },
    { action: 'proxy', data: {} },
  ])('that answers %j is at fault: 500', async (reply) => {
    const { port } = await answerWith(reply);
    await start([web(port)]);
    expect(await ask()).toBe('SIP/2.0 500 Server Internal Error');
  });

  test('that answers more than anybody needs is not listened to', async () => {
    const { port } = await answerWith(`{"action":"${'x'.repeat(100_000)}"}`);
    await start([web(port)]);
    expect(await ask()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('that says nothing for 3 s is given up', async () => {
    const { port, asked } = await answerWith(undefined);
    const clock = await start([web(port)], { limits: {} });
    send({});
    await expect.poll(() => asked.length).toBe(1);
    clock.advance(3_000);
    expect(await answered()).toBe('SIP/2.0 480 Temporarily Unavailable');
  });

  test('decides about its methods alone', async () => {
    const { port } = await answerWith({ action: 'reject', data: { status: 600 } });
    await start([{ ...web(port), method: 'INVITE' }]);
    expect(await ask({ method: 'INVITE' })).toBe('SIP/2.0 600 Busy Everywhere');
    expect(await ask()).toBe('SIP/2.0 503 Service Unavailable');
  });
});

/** However a connection ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}
