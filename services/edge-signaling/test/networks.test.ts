import { describe, expect, test } from 'vitest';
import { Networks } from '../src/networks.ts';

const networks = new Networks(['10.0.0.0/8', 'fd00::/8']);
const device = (uri: string, nextHop?: string): Parameters<Networks['ofTarget']>[0] => ({
  uri,
  nextHop,
  isInternal: false,
});

describe('where a peer is', () => {
  test.each([
    ['10.1.2.3:5060', 'private'],
    ['192.0.2.1:5060', 'public'],
    ['[fd00::1]:5060', 'private'],
    ['[2001:db8::1]:5060', 'public'],
  ])('%s is %s', (source, network) => {
    expect(networks.ofSource(source)).toBe(network);
  });

  test.each([
    [device('sip:bob@10.1.2.3:5060'), 'private'],
    [device('<sip:bob@[fd00::1];transport=tcp>'), 'public'],
    [device('sip:bob@[fd00::1];transport=tcp'), 'private'],
    [device('sip:bob@10.1.2.3', 'sip:192.0.2.9:40000'), 'public'],
    [device('sip:bob@abc.invalid', 'sip:10.9.9.9:40000;transport=tcp'), 'private'],
    [device('sip:bob@phone.example'), 'public'],
    [{ ...device('sip:echo@192.0.2.1'), isInternal: true }, 'private'],
  ])('%o is %s', (target, network) => {
    expect(networks.ofTarget(target)).toBe(network);
  });

  test('is not asked where there is one address for all', () => {
    const anywhere = new Networks(undefined);
    expect([anywhere.ofSource('10.1.2.3:5060'), anywhere.ofTarget(device('sip:bob@10.1.2.3'))]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
