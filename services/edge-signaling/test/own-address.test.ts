import { expect, test } from 'vitest';
import { ownAddress } from '../src/register/own-address.ts';

const contacts = [
  { transport: 'udp', hostPort: '203.0.113.7:5060', local: '192.0.2.1:5060' },
  { transport: 'udp', hostPort: '10.0.0.5:5060', local: '10.0.0.5:5060' },
  { transport: 'tls', hostPort: '203.0.113.7:5061', local: '192.0.2.1:5061' },
  { transport: 'udp', hostPort: '[2001:db8::1]:5060', local: '[2001:db8::1]:5060' },
];

test.each([
  ['the first socket', 'udp', '192.0.2.1:5060', 'public', '203.0.113.7:5060'],
  ['the first socket, from the private side', 'udp', '192.0.2.1:5060', 'private', '192.0.2.1:5060'],
  ['the second socket of a transport', 'udp', '10.0.0.5:5060', undefined, '10.0.0.5:5060'],
  ['the one of another family', 'udp', '[2001:db8::1]:5060', undefined, '[2001:db8::1]:5060'],
  ['the one of another transport', 'tls', '192.0.2.1:5061', undefined, '203.0.113.7:5061'],
  ['one that is not known', 'udp', undefined, undefined, '203.0.113.7:5060'],
  ['one of an unknown transport', 'sctp', '192.0.2.1:5060', undefined, '203.0.113.7:5060'],
] as const)('who came to %s is told its address', (_which, transport, receivedOn, side, told) => {
  expect(ownAddress(contacts, { transport, receivedOn }, side)).toBe(told);
});

test('nothing is told before the engine has', () => {
  expect(ownAddress([], { transport: 'udp', receivedOn: undefined }, undefined)).toBeUndefined();
});
