import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@callweave/clock/testing';
import { type TestCertificate, testCertificate } from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Certificate } from '../src/certificate.ts';

const CHECK_MS = 10_000;
const first = testCertificate('first.test');
const second = testCertificate('second.test');

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-certificate-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As the kubelet does: the files are links through a link to a directory, which is turned to another one at once. */
function mount(name: string, { cert, key }: TestCertificate): void {
  mkdirSync(join(directory, name));
  writeFileSync(join(directory, name, 'tls.crt'), cert);
  writeFileSync(join(directory, name, 'tls.key'), key);
  symlinkSync(name, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
}

function watched() {
  mount('1', first);
  for (const file of ['tls.crt', 'tls.key']) symlinkSync(join('..data', file), join(directory, file));
  const [clock, log] = [new FakeClock(Date.now()), recordLogs()];
  const files = { cert: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  const certificate = new Certificate(files, { clock, log });
  certificate.read();
  const shown: string[] = [];
  const watch = certificate.watch(({ key }) => void shown.push(key));
  const events = (): string[] => log.lines.map(({ event }) => event);
  return { clock, shown, watch, events };
}

describe('a certificate whose files are those of a Secret', () => {
  test('is shown a moment after the Secret is renewed, once', () => {
    const { clock, shown, events } = watched();
    clock.advance(CHECK_MS);
    expect(shown).toEqual([]);
    mount('2', second);
    clock.advance(3 * CHECK_MS);
    expect(shown).toEqual([second.key]);
    expect(events()).toEqual(['certificate.in-use', 'certificate.in-use']);
  });

  test('stays while the new one is not the key’s, which is said once, and is shown when it is', () => {
    const { clock, shown, events } = watched();
    mount('2', { cert: second.cert, key: first.key });
    clock.advance(3 * CHECK_MS);
    expect(shown).toEqual([]);
    mount('3', second);
    clock.advance(CHECK_MS);
    expect(shown).toEqual([second.key]);
    expect(events()).toEqual(['certificate.in-use', 'certificate.not-renewed', 'certificate.in-use']);
  });

  test('stays when its files are gone, and is not looked for any more when the engine stops', () => {
    const { clock, shown, watch, events } = watched();
    rmSync(join(directory, '..data'));
    clock.advance(2 * CHECK_MS);
    watch.cancel();
    mount('2', second);
    clock.advance(CHECK_MS);
    expect(shown).toEqual([]);
    expect(events()).toEqual(['certificate.in-use', 'certificate.not-renewed']);
  });
});
