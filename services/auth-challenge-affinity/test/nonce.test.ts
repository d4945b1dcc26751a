import { InstanceId, nonceIssuer } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { checkNonce, issueNonce } from '../src/nonce.ts';
import { NonceWindow } from '../src/nonce-window.ts';
import { offeredAlgorithms } from '../src/offer.ts';

const me = InstanceId.parse('abcdefghijklmnop');
const key = Buffer.from('0123456789abcdef0123456789abcdef');
const NOW = 1_700_000_000_000;

describe('a nonce', () => {
  test('names its issuer and time, and every replica with the key believes it', () => {
    const nonce = issueNonce(me, NOW, key);
    expect(nonceIssuer(nonce)).toBe(me);
    expect(checkNonce(nonce, [Buffer.from('another'), key])).toEqual({ kind: 'ours', issuer: me, issuedAtMs: NOW });
  });

  test('no two are equal', () => {
    expect(issueNonce(me, NOW, key)).not.toBe(issueNonce(me, NOW, key));
  });

  test('one changed character anywhere makes it foreign', () => {
    const nonce = issueNonce(me, NOW, key);
    for (let at = 0; at < nonce.length; at++) {
      const forged = nonce.slice(0, at) + (nonce[at] === 'A' ? 'B' : 'A') + nonce.slice(at + 1);
      expect(checkNonce(forged, [key]).kind).toBe('foreign');
    }
    expect(checkNonce('', [key]).kind).toBe('foreign');
  });
});

describe('nonce counts', () => {
  const use = (window: NonceWindow, count: number, print = 'p', at = NOW): string =>
    window.use('n', count, print, at, NOW + 300_000);

  test('each is good once, in any order within the window', () => {
    const window = new NonceWindow(10);
    expect([3, 1, 2, 40, 9].map((count) => use(window, count))).toEqual(['fresh', 'fresh', 'fresh', 'fresh', 'fresh']);
    expect(use(window, 8)).toBe('replay');
    expect(use(window, 9, 'other')).toBe('replay');
  });

  test('the same request again is a repeat for 32 s and a replay afterwards', () => {
    const window = new NonceWindow(10);
    use(window, 1);
    expect(use(window, 1, 'p', NOW + 32_000)).toBe('repeat');
    expect(use(window, 1, 'p', NOW + 32_001)).toBe('replay');
  });

  test('a nonce that had to be forgotten is never good again', () => {
    const window = new NonceWindow(2);
    for (const nonce of ['a', 'b', 'c']) window.use(nonce, 1, 'p', NOW, NOW + 1_000);
    expect(window.size).toBe(2);
    expect(window.use('a', 1, 'p', NOW, NOW + 1_000)).toBe('replay');
    expect(window.use('later', 1, 'p', NOW, NOW + 2_000)).toBe('fresh');
  });
});

describe('the algorithms offered', () => {
  const ha1 = { MD5: 'a', 'SHA-256': 'b', 'SHA-512-256': 'c' };

  test('MD5 alone by default, for new accounts and for nobody alike', () => {
    expect(offeredAlgorithms('MD5', { ha1, strongestUsed: 'MD5' })).toEqual(['MD5']);
    expect(offeredAlgorithms('MD5', undefined)).toEqual(['MD5']);
  });

  test('the strongest an account has used comes first, MD5 stays as the way back', () => {
    expect(offeredAlgorithms('MD5', { ha1, strongestUsed: 'SHA-256' })).toEqual(['SHA-256', 'MD5']);
  });

  test('a tenant minimum overrides, for nobody too', () => {
    expect(offeredAlgorithms('SHA-256', { ha1, strongestUsed: 'MD5' })).toEqual(['SHA-256']);
    expect(offeredAlgorithms('SHA-256', undefined)).toEqual(['SHA-256']);
  });
});
