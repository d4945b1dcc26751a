import { bindingAdded, defineEvent, locationBucket, MAX_SUBJECT_BYTES, subjectToken } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const hostile = [
  '',
  '.',
  '*',
  '>',
  ' ',
  'a.b',
  'a*',
  '>x',
  'al ice',
  'ü',
  '日本',
  '=41',
  '==',
  '~',
  'A',
  'a'.repeat(8192),
  'a'.repeat(8193),
  '.'.repeat(8192),
  '\r\n',
  '\0',
  '%2e',
  'x'.repeat(96),
  'x'.repeat(97),
];

describe('subject tokens', () => {
  test('plain text stays readable and everything else is escaped byte by byte', () => {
    expect(subjectToken('Alice_1-x')).toBe('Alice_1-x');
    expect(subjectToken('a.b c')).toBe('a=2Eb=20c');
    expect(subjectToken('ü')).toBe('=C3=BC');
    expect(subjectToken('=')).toBe('=3D');
  });

  test('no text can add a token, a wildcard or leave the alphabet of a KV key', () => {
    for (const text of hostile) expect(subjectToken(text)).toMatch(/^[A-Za-z0-9_=-]{1,96}$/);
  });

  test('different texts never share a token', () => {
    expect(new Set(hostile.map(subjectToken)).size).toBe(hostile.length);
  });

  test('a user of 8 kB gives a subject of ordinary length', () => {
    const tokens = { tenant: 'default', user: '*>. '.repeat(2048) };
    expect(bindingAdded.subject(tokens).split('.')).toHaveLength(6);
    expect(locationBucket.key(tokens).length).toBeLessThan(120);
  });

  test('a subject that would be too long for the server is refused, not sent', () => {
    const pattern = `x.${Array.from({ length: 8 }, (_, i) => `{t${String(i)}}`).join('.')}`;
    const event = defineEvent(pattern as `${string}{t0}`, { summary: 'long', data: z.unknown() });
    const tokens = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t${String(i)}`, 'y'.repeat(96)]));
    expect(() => event.subject(tokens as { t0: string })).toThrow(new RegExp(String(2 + 8 * 96 + 7)));
    expect(2 + 8 * 96 + 7).toBeGreaterThan(MAX_SUBJECT_BYTES);
  });
});
