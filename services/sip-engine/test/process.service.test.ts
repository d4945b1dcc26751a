import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connectRawApp } from '@callweave/sip-engine/testing';
import { afterEach, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const running: ChildProcessWithoutNullStreams[] = [];

afterEach(() => {
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
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const line = stdout.split('\n').find((text) => text.includes('engine.ready') && text.endsWith('}'));
      if (line !== undefined) resolve(JSON.parse(line) as Record<string, unknown>);
    });
  });
  return { child, ready, exited, output: () => stdout, errors: () => stderr };
}

const local = ['--contact', 'sip:127.0.0.1:0', '--address', '127.0.0.1', '--port', '0'];

describe('callweave-sip-engine', () => {
  test('says where it listens, serves health, and stops when told', async () => {
    const { child, ready, exited, output } = start(...local, '--http-port', '0', '--homer', 'x:1');
    const line = await ready;
    expect(line['contacts']).toEqual([
      expect.stringMatching(/^udp\/127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^tcp\/127\.0\.0\.1:\d+$/),
    ]);
    expect(line['controlPort']).toBeGreaterThan(0);
    expect(output()).toContain('--homer has no effect');
    const base = `http://127.0.0.1:${String(line['httpPort'])}`;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^callweave_engine_apps\{.*\} 0$/m);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });

  test('takes the secret from DRACHTIO_SECRET', async () => {
    const { controlPort } = await start(...local).ready;
    const app = await connectRawApp(Number(controlPort));
    app.send('a|authenticate|from outside|');
    expect(await app.next()).toContain('|response|a|OK|');
    app.close();
  });

  test('names a taken port and exits 1', async () => {
    const first = start(...local);
    const { controlPort } = await first.ready;
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
