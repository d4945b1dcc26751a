import { expect, test } from 'vitest';
import { partyOf } from '../src/live/party.ts';

test.each([
  ['<sip:a%20b@example.org>', { user: 'a b', uri: 'sip:a%20b@example.org' }],
  ['sip:example.org', { uri: 'sip:example.org' }],
  ['"" <sip:alice@example.org>', { user: 'alice', uri: 'sip:alice@example.org' }],
  ['not an address <', { uri: 'not an address <' }],
])('a header that reads %s is shown for what it is', (header, party) => {
  expect(partyOf(header)).toEqual(party);
});

test('of a text of many kB a beginning is kept', () => {
  const { uri, user } = partyOf(`<sip:${'x'.repeat(8_192)}@example.org>`);
  expect([uri.length, user?.length]).toEqual([256, 256]);
});
