import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSecrets } from '../src/secrets.ts';

describe('the secrets of a platform', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'callweave-secrets-'));
    file = join(folder, 'secrets.json');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('are made once, differ from one another, and only their owner may read them', () => {
    const secrets = loadSecrets(file);
    const all = [...Object.values(secrets.natsPasswords), ...Object.values(secrets.accounts), secrets.engineSecret];
    expect(new Set(all).size).toBe(all.length);
    for (const password of Object.values(secrets.accounts)) expect(password).toMatch(/^[A-Za-z2-9]{16}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(loadSecrets(file)).toEqual(secrets);
  });

  test('a user that comes with a new version gets a password, and the others keep theirs', () => {
    const { natsPasswords, ...rest } = loadSecrets(file);
    const older = { ...rest, natsPasswords: { operator: natsPasswords['operator'] } };
    writeFileSync(file, JSON.stringify(older));
    const now = loadSecrets(file);
    expect(now.natsPasswords['operator']).toBe(natsPasswords['operator']);
    expect(Object.keys(now.natsPasswords)).toEqual(Object.keys(natsPasswords));
  });

  test('a file that cannot be read is an error that names it, and stays as it is', () => {
    writeFileSync(file, '{ "accounts": ');
    expect(() => loadSecrets(file)).toThrow(file);
    expect(readFileSync(file, 'utf8')).toBe('{ "accounts": ');
  });
});
