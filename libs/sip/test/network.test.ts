import { blockListOf, parseNetwork } from '@callweave/sip';
import { describe, expect, test } from 'vitest';

describe('a network', () => {
  test.each([
    ['10.0.0.0/8', { address: '10.0.0.0', bits: 8, family: 'ipv4' }],
    ['192.0.2.1/32', { address: '192.0.2.1', bits: 32, family: 'ipv4' }],
    ['2001:db8::/32', { address: '2001:db8::', bits: 32, family: 'ipv6' }],
  ])('%s is read', (cidr, network) => {
    expect(parseNetwork(cidr)).toEqual(network);
  });

  test.each(['', '10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0/8', '2001:db8::/129', 'example.org/8'])(
    '"%s" is none',
    (text) => {
      expect(() => parseNetwork(text)).toThrow(RangeError);
    },
  );

  test('has the addresses that begin with its bits, of its family', () => {
    const list = blockListOf(['10.0.0.0/8', '2001:db8::/32']);
    expect(list.check('10.255.0.1', 'ipv4')).toBe(true);
    expect(list.check('11.0.0.1', 'ipv4')).toBe(false);
    expect(list.check('2001:db8::1', 'ipv6')).toBe(true);
    expect(list.check('2001:db9::1', 'ipv6')).toBe(false);
  });
});
