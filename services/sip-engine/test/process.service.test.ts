import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { connectRawApp, type TestCertificate, testCertificate } from '@callweave/sip-engine/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';

// Each starts a process from its sources.
vi.setConfig({ testTimeout: 120_000 });

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const running: ChildProcessWithoutNullStreams[] = [];
const sockets: TLSSocket[] = [];
const plain: Socket[] = [];

afterEach(() => {
  for (const socket of [...sockets.splice(0), ...plain.splice(0)]) socket.destroy();
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function start(...args: string[]) {
  const child = spawn('setpriv', [
    ...[
      '--pdeathsig',
      'KILL',
      'env',
      'DRACHTIO_SECRET=from outside',
      process.execPath,
      '--import',
      'tsx',
      '--conditions=@callweave/source',
    ],
    ...[main, ...args],
  ]);
  running.push(child);
  let stdout = '';
  let stderr = '';
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  /** The fields of the `count`-th line of an event. */
  const logged = async (event: string, count = 1): Promise<Record<string, unknown>> => {
    const found = (): string | undefined => lines(stdout).filter((line) => line.includes(`"${event}"`))[count - 1];
    await vi.waitFor(() => expect(found(), stdout + stderr).toBeDefined(), { timeout: 60_000, interval: 20 });
    return JSON.parse(found() ?? '') as Record<string, unknown>;
  };
  return { child, ready: () => logged('engine.ready'), logged, exited, output: () => stdout, errors: () => stderr };
}

/** Whole lines only. */
function lines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

async function dial(port: number): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

const local = ['--contact', 'sip:127.0.0.1:0', '--address', '127.0.0.1', '--port', '0'];

describe('callweave-sip-engine', () => {
  test('says where it listens, serves health, and stops when told', async () => {
    const { child, ready, exited, output } = start(...local, '--http-port', '0', '--daemon');
    const line = await ready();
    expect(line['contacts']).toEqual([
      expect.stringMatching(/^udp\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^tcp\/127\.0\.0\.1:\d+$/),
    ]);
    expect(line['controlPort']).toBeGreaterThan(0);
    expect(output()).toContain('--daemon has no effect');
    const base = `http://127.0.0.1:${String(line['httpPort'])}`;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^callweave_engine_apps\{.*\} 0$/m);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  test('shows what it holds right now, as JSON and as metrics', async () => {
    const { ready } = start(...local, '--http-port', '0');
    const line = await ready();
    const contacts = line['contacts'] as string[];
    const sipPort = Number(contacts[0]?.split(':').at(-1));
    const app = await connectRawApp(Number(line['controlPort']));
    app.send('a|authenticate|from outside|');
    app.send('r|route|options');
    await app.next();
    await app.next();
    const phone = connectPlain(sipPort, '127.0.0.1');
    plain.push(phone);
    await once(phone, 'connect');
    const request = [
      ...['OPTIONS sip:bob@example.com SIP/2.0', 'Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1', 'From: <sip:a@b>;tag=1'],
      ...['To: <sip:bob@example.com>', 'Call-ID: held', 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''],
    ].join('\r\n');
    phone.write(request);
    await app.next();
    const half = request.slice(0, 100);
    phone.write(half);
    const base = `http://127.0.0.1:${String(line['httpPort'])}`;
    const status = async (): Promise<unknown> => (await fetch(`${base}/status`)).json();
    await vi.waitFor(async () => expect(await status()).toMatchObject({ bufferedBytes: half.length }), 10_000);
    expect(await status()).toMatchObject({
      ...{ instance: line['instance'], state: 'ready', contacts },
      ...{ transactions: 1, dialogs: 0, apps: 1, connections: 1, connectionsBy: { tcp: 1 } },
      queue: { pending: 1, admittedShare: 1 },
      limitsReached: { transactions: 0, connections: 0 },
    });
    const metrics = await (await fetch(`${base}/metrics`)).text();
    expect(metrics).toMatch(/^callweave_engine_connections_by_protocol\{.*protocol="tcp".*\} 1$/m);
    expect(metrics).toMatch(/^callweave_engine_transactions\{.*\} 1$/m);
    expect(metrics).toMatch(/^callweave_engine_requests_pending\{.*\} 1$/m);
    expect(metrics).toMatch(/^callweave_engine_buffered\w*\{.*\} 100$/m);
    app.close();
  });

  test('takes the secret from DRACHTIO_SECRET', async () => {
    const { controlPort } = await start(...local).ready();
    const app = await connectRawApp(Number(controlPort));
    app.send('a|authenticate|from outside|');
    expect(await app.next()).toContain('|response|a|OK|');
    app.close();
  });

  test('shows a renewed certificate after SIGHUP, and one that cannot be used not', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'callweave-process-'));
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    const write = ({ cert, key }: TestCertificate): void => {
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
    };
    write(testCertificate('first.test'));
    const tls = ['--contact', 'sips:127.0.0.1:0;transport=tls', '--cert-file', certFile, '--key-file', keyFile];
    const { child, ready, logged } = start(...tls, '--address', '127.0.0.1', '--port', '0');
    const [contact = ''] = (await ready())['contacts'] as string[];
    const port = Number(contact.split(':').at(-1));
    const first = await dial(port);
    expect(first.getPeerCertificate().subject.CN).toBe('first.test');

    write({ ...testCertificate('second.test'), key: 'none' });
    child.kill('SIGHUP');
    expect(await logged('certificate.not-renewed')).toMatchObject({ problems: [expect.stringContaining(certFile)] });
    expect((await dial(port)).getPeerCertificate().subject.CN).toBe('first.test');

    write(testCertificate('third.test'));
    child.kill('SIGHUP');
    await logged('certificate.in-use', 2);
    expect((await dial(port)).getPeerCertificate().subject.CN).toBe('third.test');
    // The first connection is still there, and answered.
    first.write('\r\n\r\n');
    expect(String((await once(first, 'data'))[0])).toBe('\r\n');
    rmSync(directory, { recursive: true });
  });

  test('logs to the file and the syslog server of drachtio.conf.xml, and puts full files away', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'callweave-process-'));
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const heard: string[] = [];
    server.on('message', (bytes) => heard.push(bytes.toString()));
    const logFile = join(directory, 'engine.log');
    // It is full already.
    writeFileSync(logFile, `${'x'.repeat(1_000_000)}\n`);
    const file = `<file><name>${logFile}</name><size>1</size></file>`;
    const syslog = `<syslog><address>127.0.0.1</address><port>${server.address().port}</port></syslog>`;
    const conf = join(directory, 'drachtio.conf.xml');
    writeFileSync(conf, `<drachtio><logging>${file}${syslog}</logging></drachtio>`);
    const { child, exited, output } = start(...local, '--file', conf);
    await vi.waitFor(() => expect(heard.join('\n')).toContain('"engine.ready"'), { timeout: 60_000, interval: 20 });
    expect(readFileSync(logFile, 'utf8')).toContain('"engine.ready"');
    expect(readdirSync(join(directory, 'archive'))).toEqual([expect.stringMatching(/^engine-.*\.log$/)]);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(output()).toBe('');
    server.close();
    rmSync(directory, { recursive: true });
  });

  test('names a taken port and exits 1', async () => {
    const first = start(...local);
    const { controlPort } = await first.ready();
    const second = start('--contact', 'sip:127.0.0.1:0', '--address', '127.0.0.1', '--port', String(controlPort));
    expect(await second.exited).toBe(1);
    expect(second.errors()).toBe(
      `callweave-sip-engine: control/127.0.0.1:${String(controlPort)} is not available (EADDRINUSE)\n`,
    );
  });

  test('reports every wrong flag and exits 78', async () => {
    const { exited, errors } = start('--frobnicate', '--port', 'x');
    expect(await exited).toBe(78);
    expect(errors()).toMatch(/unknown flag: --frobnicate\n.*--port is no port: x/s);
  });
});
