import { describe, expect, test } from 'vitest';
import { between, mediaBetween, type Place } from '../src/call/place.ts';
import { Networks } from '../src/networks.ts';

const networks = new Networks(['10.0.0.0/8', 'fd00::/8']);
const device = (uri: string, nextHop?: string): Parameters<Networks['ofTarget']>[0] => ({
  uri,
  nextHop,
  isInternal: false,
});

describe('where a peer is', () => {
  test.each([
    ['10.1.2.3:5060', 'private', 'ipv4'],
    ['192.0.2.1:5060', 'public', 'ipv4'],
    ['[fd00::1]:5060', 'private', 'ipv6'],
    ['[2001:db8::1]:5060', 'public', 'ipv6'],
  ])('%s is %s, by %s', (source, side, family) => {
    expect(networks.ofSource(source)).toEqual({ side, family });
  });

  test.each([
    [device('sip:bob@10.1.2.3:5060'), 'private'],
    [device('<sip:bob@[fd00::1];transport=tcp>'), 'public'],
    [device('sip:bob@[fd00::1];transport=tcp'), 'private'],
    [device('sip:bob@10.1.2.3', 'sip:192.0.2.9:40000'), 'public'],
    [device('sip:bob@abc.invalid', 'sip:10.9.9.9:40000;transport=tcp'), 'private'],
    [device('sip:bob@phone.example'), 'public'],
    [{ ...device('sip:echo@192.0.2.1'), isInternal: true }, 'private'],
  ])('%o is %s', (target, side) => {
    expect(networks.ofTarget(target).side).toBe(side);
  });

  test('is told by a name as little as by what is no address', () => {
    expect(networks.ofTarget(device('sip:bob@phone.example')).family).toBeUndefined();
    expect(networks.ofTarget(device('<sip:bob@[fd00::1]>')).family).toBeUndefined();
  });

  test('is on no side where the platform has one', () => {
    const anywhere = new Networks(undefined);
    expect([anywhere.ofSource('10.1.2.3:5060'), anywhere.ofTarget(device('sip:bob@[2001:db8::1]'))]).toEqual([
      { side: undefined, family: 'ipv4' },
      { side: undefined, family: 'ipv6' },
    ]);
  });
});

describe('what media-control is asked for the sake of where both are', () => {
  const place = (side: Place['side'], family: Place['family']): Place => ({ side, family });

  test.each([
    ['nothing, where one of them is not known', undefined, place('public', 'ipv6'), {}],
    ['nothing, where both are alike', place(undefined, 'ipv4'), place(undefined, 'ipv4'), {}],
    ['nothing of a name', place(undefined, 'ipv6'), place(undefined, undefined), {}],
    [
      'the family of who is called, where it is another',
      place(undefined, 'ipv4'),
      place(undefined, 'ipv6'),
      { family: 'ipv6' },
    ],
    [
      'the sides and the family',
      place('private', 'ipv6'),
      place('public', 'ipv4'),
      { networks: { from: 'private', to: 'public' }, family: 'ipv4' },
    ],
  ])('%s', (_what, from, to, asked) => {
    expect(mediaBetween(between(from, to))).toEqual(asked);
  });
});
