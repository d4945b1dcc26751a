import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const scripts = [
  'images/rtpengine/start-rtpengine',
  'kernel-modules/rtpengine/load-module',
  'kernel-modules/rtpengine/allocate-table',
];

test.each(scripts)('%s can be run, and shellcheck has nothing to say about it', (script) => {
  const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  accessSync(path, constants.X_OK);
  expect(execFileSync('shellcheck', ['--shell=sh', path], { encoding: 'utf8' })).toBe('');
});
