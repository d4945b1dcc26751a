import { expect, test } from 'vitest';
import { CallId, dtlsHashOf, mediaIdAfter } from '../src/index.ts';

const call = CallId.parse('01HF7YAT000000000000000000');
const other = CallId.parse('01HF7YAT000000000000000001');

test('media of a call shows its certificate as every browser knows it; that of another pair never as before', () => {
  const first = mediaIdAfter(other, call);
  const second = mediaIdAfter(other, first);
  const third = mediaIdAfter(other, first, call);
  expect([call, first, second, third].map(dtlsHashOf)).toEqual(['sha-256', 'sha-384', 'sha-256', 'sha-512']);
  expect(first).toBe('11HF7YAT000000000000000001');
});
