import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { EslClient, startTestEngine, type TestEngine, type TestEngineOptions } from '@callweave/media-engine/testing';
import { sine } from '@callweave/rtp/testing';
import { openRawPhone, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const sdp = [
  ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
  ...['m=audio 4000 RTP/AVP 0', ''],
].join('\r\n');

let engine: TestEngine | undefined;
let phone: RawPhone;
let application: Server;
const clients: EslClient[] = [];
/** Messages that the phone got. */
const known = new Set<string>();

beforeEach(async () => {
  phone = await openRawPhone();
  application = createServer().listen({ port: 0, host: '127.0.0.1' });
  await once(application, 'listening');
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  application.close();
  phone.close();
  await engine?.stop();
  engine = undefined;
});

async function start(options: TestEngineOptions = {}): Promise<TestEngine> {
  engine = await startTestEngine(options);
  return engine;
}

const portOf = (server: Server): number => {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
};

/** A UDP socket on an even port. */
async function evenSocket(): Promise<UdpSocket> {
  for (;;) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    if (socket.address().port % 2 === 0) return socket;
    socket.close();
  }
}

let count = 0;
interface InviteOptions {
  readonly userAgent?: string;
  readonly outbound?: string;
  readonly body?: string;
}

/** Sends an INVITE as drachtio-fsmrf does; gives what identifies it. */
function invite(
  { sipAddress }: TestEngine,
  options: InviteOptions = {},
): { readonly callId: string; readonly port: number } {
  count++;
  const { userAgent = 'drachtio-fsmrf:abc', outbound = `127.0.0.1:${portOf(application)}`, body = sdp } = options;
  const sentBy = `127.0.0.1:${phone.port}`;
  const headers = [`User-Agent: ${userAgent}`, `X-esl-outbound: ${outbound}`, `Contact: <sip:${sentBy}>`];
  const callId = `c${count}`;
  const port = Number(sipAddress.split(':')[1]);
  const fields = { method: 'INVITE', branch: `z9hG4bKi${count}`, callId, sentBy, headers, body };
  phone.send(requestText(fields), port);
  return { callId, port };
}

/** What the phone gets next but for copies. */
async function fresh(): Promise<string> {
  for (;;) {
    const message = await phone.next();
    if (known.has(message)) continue;
    known.add(message);
    return message;
  }
}

/** The status of the next response that is not provisional. */
async function status(): Promise<string> {
  for (;;) {
    const message = await fresh();
    if (!message.startsWith('SIP/2.0 1')) return message.slice(8, 11);
  }
}

function client(target: TestEngine): EslClient {
  const connected = EslClient.connect(target.eslPort);
  clients.push(connected);
  return connected;
}

/** The connection by which the application of the next call is reached. */
async function takeCall(): Promise<EslClient> {
  const [socket] = (await once(application, 'connection')) as [Socket];
  const esl = new EslClient(socket);
  clients.push(esl);
  return esl;
}

/** A call that is up: answered, acknowledged, and its application connected. */
async function establish(
  target: TestEngine,
): Promise<{ readonly esl: EslClient; readonly uuid: string; readonly end: () => void }> {
  const taken = takeCall();
  const { callId, port } = invite(target);
  const esl = await taken;
  let answer = await fresh();
  while (!answer.startsWith('SIP/2.0 200')) answer = await fresh();
  const toTag = /^To:.*;tag=(\S+)\r$/m.exec(answer)?.[1] ?? '';
  const sentBy = `127.0.0.1:${phone.port}`;
  const request = (method: string, cseq: number): void => {
    phone.send(requestText({ method, branch: `z9hG4bK${method}${count}`, callId, cseq, sentBy, toTag }), port);
  };
  const data = esl.ask('connect');
  request('ACK', 1);
  const uuid = /^Unique-ID: (.*)$/m.exec((await data).head)?.[1] ?? '';
  return { esl, uuid, end: () => request('BYE', 2) };
}

describe('a client of the event socket', () => {
  test('with a wrong password, or with none in time, is let go', async () => {
    const target = await start({ limits: { authenticateMs: 50 } });
    const wrong = client(target);
    expect((await wrong.next()).head).toBe('Content-Type: auth/request');
    expect((await wrong.ask('api version')).head).toContain('-ERR command not found');
    expect((await wrong.ask('auth wrong')).head).toContain('-ERR invalid');
    expect((await wrong.next()).head).toContain('text/disconnect-notice');
    await wrong.closed();
    const silent = client(target);
    await silent.closed();
    expect(target.stats().clients).toBe(0);
  });

  test('from a host that is not one of the peers is turned away rudely', async () => {
    const stranger = client(await start({ peers: ['10.0.0.0/8'] }));
    expect((await stranger.next()).head).toContain('text/rude-rejection');
    await stranger.closed();
  });

  test('that speaks something else is dropped, and everyone else served', async () => {
    const target = await start();
    const hostile = client(target);
    hostile.write('GET / HTTP/1.1\r\n'.repeat(10_000));
    await hostile.closed();
    const honest = client(target);
    await honest.next();
    expect((await honest.ask(`auth ${target.password}`)).head).toContain('+OK accepted');
    expect((await honest.ask('nonsense')).head).toContain('-ERR command not found');
    expect((await honest.ask('api no_such_api x')).body).toBe('-ERR no_such_api Command not found!\n');
    expect((await honest.ask('api uuid_kill 1')).body).toBe('-ERR No such channel!\n');
    expect((await honest.ask('sendmsg 1\ncall-command: hangup')).head).toContain('-ERR invalid session id [1]');
    expect((await honest.ask('event json')).head).toContain('-ERR no keywords supplied');
    expect((await honest.ask('filter')).head).toContain('-ERR invalid syntax');
  });

  test('is told of jobs in the background, and in the form it asked for', async () => {
    const target = await start();
    const esl = client(target);
    await esl.next();
    await esl.ask(`auth ${target.password}`);
    await esl.ask('event plain BACKGROUND_JOB');
    expect((await esl.ask('bgapi uuid_exists 1\nJob-UUID: j1')).head).toContain('Job-UUID: j1');
    const { body } = await esl.next();
    expect(body).toContain('Job-Command: uuid_exists\nJob-Command-Arg: 1\nContent-Length: 5\n\nfalse');
  });
});

describe('a call', () => {
  test('that is not of drachtio-fsmrf has no application: 404', async () => {
    const target = await start();
    invite(target, { userAgent: 'phone' });
    expect(await status()).toBe('404');
    invite(target, { outbound: 'localhost:22' });
    expect(await status()).toBe('404');
  });

  test('that would make us connect to a stranger is refused: 403', async () => {
    const target = await start();
    invite(target, { outbound: '192.0.2.1:22' });
    expect(await status()).toBe('403');
  });

  test('whose application does not answer is refused before anyone pays for it: 503', async () => {
    const target = await start();
    const outbound = `127.0.0.1:${portOf(application)}`;
    application.close();
    invite(target, { outbound });
    expect(await status()).toBe('503');
    expect(target.stats()).toMatchObject({ calls: 0, mediaPorts: 0 });
  });

  test('with an offer nobody understands is refused: 400 or 488', async () => {
    const target = await start();
    invite(target, { body: 'hello' });
    expect(await status()).toBe('400');
    invite(target, { body: sdp.replace('AVP 0', 'AVP 18') });
    expect(await status()).toBe('488');
    expect(target.stats()).toMatchObject({ calls: 0, mediaPorts: 0 });
  });

  test('beyond the last port, or beyond the last channel, is refused: 503', async () => {
    const blocker = await evenSocket();
    const { port } = blocker.address();
    const full = await start({ rtp: { minPort: port, maxPort: port } });
    invite(full);
    expect(await status()).toBe('503');
    blocker.close();
    await full.stop();
    const small = await start({ limits: { maxChannels: 1 } });
    await establish(small);
    invite(small);
    expect(await status()).toBe('503');
  });

  test('is ended by its caller, by its application, or by the loss of its application, and leaves nothing', async () => {
    const target = await start();
    const idle = { calls: 0, mediaPorts: 0, clients: 0 };
    const first = await establish(target);
    first.end();
    expect(await status()).toBe('200');
    await first.esl.closed();
    await vi.waitFor(() => expect(target.stats()).toEqual(idle), 10_000);

    const second = await establish(target);
    expect(target.stats()).toMatchObject({ calls: 1, mediaPorts: 1 });
    expect((await second.esl.ask(`api uuid_kill ${second.uuid} USER_BUSY`)).body).toBe('+OK\n');
    expect(await fresh()).toContain('cause=17;text="USER_BUSY"');
    await vi.waitFor(() => expect(target.stats()).toEqual(idle), 10_000);

    const third = await establish(target);
    third.esl.close();
    expect(await fresh()).toMatch(/^BYE /);
    await vi.waitFor(() => expect(target.stats()).toEqual(idle), 10_000);
  });

  test('can be asked about and changed', async () => {
    const target = await start();
    const { esl, uuid } = await establish(target);
    expect((await esl.ask(`api uuid_setvar ${uuid} colour dark blue`)).body).toBe('+OK\n');
    expect((await esl.ask(`api uuid_getvar ${uuid} colour`)).body).toBe('dark blue');
    expect((await esl.ask(`api uuid_getvar ${uuid} shape`)).body).toBe('_undef_');
    expect((await esl.ask(`api uuid_exists ${uuid}`)).body).toBe('true');
    expect((await esl.ask('api show channels count')).body).toBe('\n1 total.\n');
    const dump = (await esl.ask(`api uuid_dump ${uuid}`)).body;
    expect(dump).toContain('variable_colour: dark%20blue\n');
    expect(dump).toMatch(/variable_rtp_local_sdp_str: v%3D0%0D%0A/);
  });

  test('plays what its application wants, and says when', async () => {
    const target = await start({ sounds: { 'a.wav': sine(600, 100) } });
    const { esl, uuid } = await establish(target);
    await esl.ask('event json CHANNEL_EXECUTE_COMPLETE');
    await esl.ask(
      `sendmsg ${uuid}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a.wav\nEvent-UUID: e1`,
    );
    expect(await esl.event()).toMatchObject({
      'Event-Name': 'CHANNEL_EXECUTE_COMPLETE',
      'Unique-ID': uuid,
      'Application-UUID': 'e1',
      'Application-Response': 'FILE PLAYED',
      variable_playback_ms: '100',
    });
  });

  test.each(['../secret.wav', '/etc/passwd', 'a\0.wav'])('is not played %j', async (name) => {
    const target = await start();
    const { esl, uuid } = await establish(target);
    await esl.ask('event json CHANNEL_EXECUTE_COMPLETE');
    await esl.ask(`sendmsg ${uuid}\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: ${name}`);
    expect(await esl.event()).toMatchObject({ 'Application-Response': 'FILE NOT FOUND' });
  });

  test('while the server drains is refused: 503; those in hand go on', async () => {
    const target = await start();
    const { end } = await establish(target);
    const drained = target.drain();
    invite(target);
    expect(await status()).toBe('503');
    end();
    expect(await status()).toBe('200');
    await drained;
  });
});
