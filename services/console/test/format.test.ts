import { expect, test } from 'vitest';
import { hostOf, nameOf, span } from '../web/format.ts';

test.each([
  [0, '0:00'],
  [-5_000, '0:00'],
  [42_999, '0:42'],
  [3_599_000, '59:59'],
  [3_723_000, '1:02:03'],
  [90_061_000, '1 d 1 h'],
  [8_640_000_000, '100 d 0 h'],
])('a span of %i ms reads %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});

test.each([
  ['sip:alice@example.org:5060;transport=tcp', 'example.org'],
  ['sips:example.org', 'example.org'],
  ['sip:alice@[2001:db8::1]:5060', '[2001:db8::1]'],
  ['tel:+431234', ''],
])('the host of %s is "%s"', (uri, host) => {
  expect(hostOf(uri)).toBe(host);
});

test('a party is called by its shortest name', () => {
  expect(nameOf({ name: 'Alice', user: 'alice', uri: 'sip:alice@a' })).toBe('Alice');
  expect(nameOf({ user: 'alice', uri: 'sip:alice@a' })).toBe('alice');
  expect(nameOf({ uri: 'sip:a' })).toBe('sip:a');
  expect(nameOf(undefined)).toBe('unknown');
});
