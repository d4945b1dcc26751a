import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { openRawPhone, type RawPhone } from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freeUdpPort } from './bench.ts';

const run = promisify(execFile);

// The parts of drachtio-srf that these tests use; the library itself is unmodified.
interface Srf {
  connect(options: object): void;
  on(event: string, listener: (...args: never[]) => void): void;
  options(handler: Handler): void;
  register(handler: Handler): void;
  message(handler: Handler): void;
  invite(handler: Handler): void;
  request(uri: string, options: object): Promise<SentRequest>;
  createUAS(request: SrfRequest, response: SrfResponse, options: object): Promise<SrfDialog>;
  createUAC(uri: string, options: object, callbacks?: object): Promise<SrfDialog>;
  disconnect(): void;
}
interface SrfRequest {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly receivedOn: string;
  get(name: string): string;
  on(event: string, listener: (...args: never[]) => void): void;
}
interface SrfResponse {
  send(status: number, options?: object): void;
}
interface SentRequest {
  on(event: 'response', listener: (response: { status: number; body: string }) => void): void;
  cancel(): void;
}
interface SrfDialog {
  on(event: string, listener: (...args: never[]) => void): void;
  destroy(): Promise<unknown>;
  modify(sdp: string): Promise<string>;
  readonly remote: { readonly sdp: string };
}
type Handler = (request: SrfRequest, response: SrfResponse) => void;

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';

let engine: SipEngine;
let srf: Srf;
let phone: RawPhone;
let directory: string;
const seen: string[] = [];
let onDialog: (dialog: SrfDialog) => void = () => undefined;

const port = (protocol: string): number =>
  Number(
    engine.contacts
      .find((contact) => contact.startsWith(`${protocol}/`))
      ?.split(':')
      .at(-1),
  );

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sip-engine-'));
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 'cymru' };
  engine = await startSipEngine({ contacts, control }, { clock: systemClock, log: recordLogs() });
  phone = await openRawPhone();
  const { default: Library } = (await import('drachtio-srf')) as unknown as { default: new () => Srf };
  srf = new Library();
  srf.options((request, response) => {
    seen.push(`OPTIONS ${request.protocol} ${request.receivedOn}`);
    response.send(200, { headers: { Allow: 'INVITE, OPTIONS', 'X-Path': request.uri } });
  });
  srf.register((request, response) => {
    seen.push('REGISTER');
    response.send(200, { headers: { Contact: `${request.get('Contact')};expires=60`, Expires: '60' } });
  });
  srf.message((request, response) => {
    seen.push(`MESSAGE ${request.body}`);
    response.send(202);
  });
  srf.invite((request, response) => {
    void srf.createUAS(request, response, { localSdp: sdp }).then((dialog) => onDialog(dialog));
  });
  const connected = new Promise<unknown>((resolve) => srf.on('connect', (_error, hostPort) => resolve(hostPort)));
  srf.connect({ host: '127.0.0.1', port: engine.controlPort, secret: 'cymru' });
  expect(await connected).toBe(engine.contacts.join(','));
});

afterAll(async () => {
  srf.disconnect();
  phone.close();
  await engine.stop();
  await rm(directory, { recursive: true });
});

/** Runs SIPp with a scenario of one request and its answer, and returns its exit code and messages. */
async function sipp(scenario: string, transport: 'u1' | 't1', calls = 1): Promise<string> {
  const file = join(directory, `scenario-${calls}.xml`);
  const log = join(directory, 'messages.log');
  await writeFile(file, scenario);
  const target = `127.0.0.1:${port(transport === 'u1' ? 'udp' : 'tcp')}`;
  const rate = calls === 1 ? [] : ['-r', '200'];
  const args = [target, '-sf', file, '-i', '127.0.0.1', '-m', String(calls), '-t', transport, '-nostdin', ...rate];
  await run('sipp', [...args, '-trace_msg', '-message_file', log, '-timeout', '25s', '-timeout_error'], {
    cwd: directory,
  });
  return readFile(log, 'utf8');
}

function oneRequest(method: string, { body = '', headers = '', status = 200 } = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="${method}">
  <send retrans="500"><![CDATA[
    ${method} sip:x@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:alice@example.com>;tag=[call_number]
    To: <sip:x@example.com>
    Call-ID: [call_id]
    CSeq: 1 ${method}
    Contact: <sip:alice@[local_ip]:[local_port]>
    Max-Forwards: 70
    ${headers}Content-Length: [len]

    ${body}]]></send>
  <recv response="${status}"/>
</scenario>`;
}

describe('an unmodified drachtio-srf behind the engine', () => {
  test.each(['u1', 't1'] as const)('answers OPTIONS, REGISTER and MESSAGE of SIPp over %s', async (transport) => {
    seen.length = 0;
    expect(await sipp(oneRequest('OPTIONS'), transport)).toContain('X-Path: sip:x@127.0.0.1');
    expect(await sipp(oneRequest('REGISTER', { headers: 'Expires: 60\n    ' }), transport)).toContain(';expires=60');
    await sipp(
      oneRequest('MESSAGE', { body: 'hello', headers: 'Content-Type: text/plain\n    ', status: 202 }),
      transport,
    );
    const protocol = transport === 'u1' ? 'udp' : 'tcp';
    expect(seen.map((line) => line.trim())).toEqual([
      `OPTIONS ${protocol} 127.0.0.1:${port(protocol)}`,
      'REGISTER',
      'MESSAGE hello',
    ]);
  });

  test('answers 200 OPTIONS at 200/s, none repeated', async () => {
    seen.length = 0;
    await sipp(oneRequest('OPTIONS'), 'u1', 200);
    expect(seen).toHaveLength(200);
  });

  test('carries whole calls of SIPp: INVITE, 200, ACK, BYE', async () => {
    let ended = 0;
    onDialog = (dialog) => dialog.on('destroy', () => ended++);
    const args = [
      '-sn',
      'uac',
      `127.0.0.1:${port('udp')}`,
      '-i',
      '127.0.0.1',
      '-m',
      '20',
      '-r',
      '50',
      '-d',
      '10',
      '-nostdin',
    ];
    await run('sipp', [...args, '-timeout', '25s', '-timeout_error'], { cwd: directory });
    await expect.poll(() => ended).toBe(20);
    expect(engine.stats().dialogs).toBe(0);
  });

  test('answers sipsak', async () => {
    const { stdout } = await run('sipsak', ['-vv', '-s', `sip:x@127.0.0.1:${port('udp')}`]);
    expect(stdout).toContain('SIP/2.0 200 OK');
  });

  test('sends a request by promise and never misses its answer, however fast it comes', async () => {
    for (let i = 0; i < 20; i++) {
      const sent = srf.request(`sip:bob@127.0.0.1:${phone.port}`, {
        method: 'MESSAGE',
        headers: { 'Content-Type': 'text/plain' },
        body: 'héllo ☎',
      });
      const text = await phone.next();
      expect(text).toMatch(/Content-Length: 10\r\n\r\nhéllo ☎$/);
      phone.send(
        text
          .replace(/^.*/, 'SIP/2.0 200 OK')
          .replace(/\r\n\r\n.*$/s, '\r\n\r\n')
          .replace(/(To: .*)\r/, '$1;tag=t\r')
          .replace(/Content-Length: .*\r\n/, ''),
        port('udp'),
      );
      const request = await sent;
      const status = await new Promise((resolve) => request.on('response', (response) => resolve(response.status)));
      expect(status).toBe(200);
    }
  });

  test('calls SIPp: INVITE, 180, 200, ACK, BYE', async () => {
    const uasPort = await freeUdpPort();
    const uas = spawn(
      'sipp',
      ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(uasPort), '-m', '1', '-nostdin', '-timeout', '25s'],
      { cwd: directory, stdio: 'ignore' },
    );
    const exited = new Promise<number | null>((resolve) => uas.on('exit', resolve));
    const dialog = await srf.createUAC(`sip:bob@127.0.0.1:${uasPort}`, { localSdp: sdp });
    expect(dialog.remote.sdp).toContain('m=audio');
    expect(engine.stats().dialogs).toBe(1);
    await dialog.destroy();
    expect(await exited).toBe(0);
    await expect.poll(() => engine.stats().dialogs).toBe(0);
  });

  test('sends a request in compact forms when the application spells one header so, and takes an answer in them', async () => {
    const sent = srf.request(`sip:bob@127.0.0.1:${phone.port}`, {
      method: 'MESSAGE',
      headers: { c: 'text/plain', Subject: 'short' },
      body: 'x',
    });
    const text = await phone.next();
    const [startLine = '', ...lines] = text.split('\r\n\r\n')[0]?.split('\r\n') ?? [];
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual([
      'CSeq',
      'Max-Forwards',
      'c',
      'f',
      'i',
      'l',
      's',
      't',
      'v',
    ]);
    phone.send(
      text
        .replace(startLine, 'SIP/2.0 200 OK')
        .replace(/\r\n\r\nx$/, '\r\n\r\n')
        .replace('l: 1', 'l: 0'),
      port('udp'),
    );
    const response = await new Promise<{ status: number }>(
      (resolve) => void sent.then((one) => one.on('response', resolve)),
    );
    expect(response.status).toBe(200);
  });

  test.each([
    ['sip:@@bad uri', 'invalid request-uri: MESSAGE sip:@@bad uri SIP/2.0'],
    ['sip:x@127.0.0.1;transport=tls', 'requested protocol/transport not available'],
    ['sips:x@127.0.0.1', 'requested protocol/transport not available'],
    ['tel:+1234', 'invalid request-uri: MESSAGE tel:+1234 SIP/2.0'],
    ['sip:x@no-such-host.invalid', 'can not resolve no-such-host.invalid'],
  ])('is told why a request to %s cannot be sent', async (uri, reason) => {
    await expect(srf.request(uri, { method: 'MESSAGE' })).rejects.toThrow(reason);
  });

  test('is told that a request to the engine itself cannot be sent, nor a body without a type', async () => {
    await expect(srf.request(`sip:x@127.0.0.1:${port('udp')}`, { method: 'OPTIONS' })).rejects.toThrow(
      'can not send request to myself',
    );
    await expect(srf.request(`sip:x@127.0.0.1:${phone.port}`, { method: 'MESSAGE', body: 'x' })).rejects.toThrow(
      'missing content-type',
    );
  });
});
