import { cryptoIds, isTokenText, MAGIC_COOKIE, reasonPhrase } from '@callweave/sip';
import { expect, test } from 'vitest';

test('identifiers are tokens and do not repeat', () => {
  const ids = cryptoIds();
  const seen = new Set<string>();
  for (let i = 0; i < 2_000; i++) {
    for (const id of [ids.branch(), ids.tag(), ids.callId(), ids.uuid()]) {
      expect(isTokenText(id)).toBe(true);
      seen.add(id);
    }
  }
  expect(seen.size).toBe(8_000);
  expect(ids.branch().startsWith(MAGIC_COOKIE)).toBe(true);
});

test('a first CSeq leaves room to count', () => {
  const ids = cryptoIds();
  for (let i = 0; i < 100; i++) expect(ids.cseq()).toBeLessThan(2 ** 24);
});

test('an unknown status is described by its class', () => {
  expect([reasonPhrase(486), reasonPhrase(499), reasonPhrase(200)]).toEqual(['Busy Here', 'Request Failure', 'OK']);
});
