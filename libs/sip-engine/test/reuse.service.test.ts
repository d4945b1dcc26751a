import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Bench, openBench } from './bench.ts';

const authority = testCertificate('authority.test');
const ours = testCertificate('engine.test', authority);
const theirs = testCertificate('gateway.test', authority);
const directory = mkdtempSync(join(tmpdir(), 'callweave-reuse-'));

let bench: Bench;
let gateway: ChildProcessWithoutNullStreams | undefined;

beforeEach(async () => {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['tls' as const] }];
  bench = await openBench(['options'], { contacts, tls: { ...ours, peerCa: authority.cert } });
});

afterEach(async () => {
  gateway?.kill('SIGKILL');
  await bench.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a gateway with a certificate is sent requests by the connection that it has opened, if it wants that', async () => {
  for (const [name, text] of Object.entries(theirs)) writeFileSync(join(directory, name), text as string);
  const shown = ['-cert', join(directory, 'cert'), '-key', join(directory, 'key')];
  const peer = ['s_client', '-quiet', '-connect', `127.0.0.1:${String(bench.sipPort)}`, ...shown];
  gateway = spawn('setpriv', ['--pdeathsig', 'KILL', 'openssl', ...peer]);
  let seen = '';
  gateway.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString('latin1')));
  gateway.stdin.write(requestText().replace(/^Via: .*$/m, 'Via: SIP/2.0/TLS 127.0.0.1:5071;alias;branch=z9hG4bKopen'));
  await bench.app.told();
  await bench.app.request('OPTIONS sip:gateway@127.0.0.1:5071;transport=tls');
  await vi.waitFor(() => expect(seen).toContain('OPTIONS sip:gateway@127.0.0.1:5071;transport=tls SIP/2.0'), 10_000);
  // It may do the same with ours.
  expect(seen).toMatch(/^Via: SIP\/2.0\/TLS 127.0.0.1:\d+;alias;branch=/m);
});
