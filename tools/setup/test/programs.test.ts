import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explainMissing } from '../install-programs.mjs';
import { checkNodeVersion } from '../node-version.mjs';
import { findLibrary, findProgram, missingPrograms, type Program, programs } from '../programs.mjs';

describe('what a machine lacks', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'callweave-programs-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('a program is found in PATH when it may be executed', () => {
    writeFileSync(join(folder, 'some-server'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'some-text'), '', { mode: 0o644 });
    expect(findProgram('some-server', { PATH: folder })).toBe(join(folder, 'some-server'));
    expect(findProgram('some-text', { PATH: folder })).toBeUndefined();
  });

  test('a file of a library is found below the folder of its architecture', () => {
    mkdirSync(join(folder, 'some-linux-gnu'));
    writeFileSync(join(folder, 'some-linux-gnu', 'tls.so'), '');
    expect(findLibrary('tls.so', folder)).toBe(join(folder, 'some-linux-gnu', 'tls.so'));
    expect(findLibrary('other.so', folder)).toBeUndefined();
  });

  test('nothing is missing for a level that runs no program', () => {
    expect(missingPrograms('build', { PATH: '' })).toEqual([]);
  });

  test('a server whose address is given is not needed to run the platform', () => {
    const elsewhere = { PATH: '', CALLWEAVE_NATS_URL: 'nats://10.0.0.1:4222', CALLWEAVE_RTPENGINE: '10.0.0.1:2223' };
    expect(missingPrograms('run', elsewhere)).toEqual([]);
  });

  test('the error says exactly what to install, and which address to set instead', () => {
    const servers: readonly Program[] = programs.filter(({ level }) => level === 'run');
    expect(explainMissing(servers, 'only root may install packages').split('\n')).toEqual([
      'missing: nats-server, rtpengine (not installed by set-up: only root may install packages)',
      '  install:  apt-get install nats-server rtpengine-daemon',
      '  or, for nats-server on another machine, set:  CALLWEAVE_NATS_URL=nats://USER:PASSWORD@HOST:4222',
      '  or, for rtpengine on another machine, set:  CALLWEAVE_RTPENGINE=HOST:2223',
    ]);
  });

  test('a Node.js that is too old is named', () => {
    expect(() => checkNodeVersion('20.18.3')).toThrow('Node.js 20.19 or newer is needed; this is 20.18.3');
    expect(() => checkNodeVersion('20.19.0')).not.toThrow();
    expect(() => checkNodeVersion('22.0.0')).not.toThrow();
  });
});
