import { ConfigError } from '@callweave/service';
import { describe, expect, test } from 'vitest';
import { contactFlags, mediaInterfaces, networkSides } from '../src/topology.ts';
import { configOf } from './support.ts';

const sidesOf = (environment: Readonly<Record<string, string>>): ReturnType<typeof networkSides> =>
  networkSides(configOf({ CALLWEAVE_HOST: '192.0.2.1', ...environment }));

const nat = { CALLWEAVE_ADVERTISED_HOST: '203.0.113.7' };
const inside = { CALLWEAVE_PRIVATE_HOST: '10.0.0.5', CALLWEAVE_PRIVATE_NETWORKS: '10.0.0.0/8, 172.16.0.0/12' };

function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    sidesOf(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('who is told which address', () => {
  test.each<[string, Readonly<Record<string, string>>, [networks: string[], advertised: string, listen: string][]]>([
    ['everybody the one there is', {}, [[[], '192.0.2.1', '192.0.2.1']]],
    [
      'behind a NAT everybody but this machine that of the router',
      nat,
      [
        [['192.0.2.1/32'], '192.0.2.1', '192.0.2.1'],
        [[], '203.0.113.7', '192.0.2.1'],
      ],
    ],
    [
      'the private networks an address of their own',
      inside,
      [
        [['10.0.0.0/8', '172.16.0.0/12', '10.0.0.5/32'], '10.0.0.5', '10.0.0.5'],
        [[], '192.0.2.1', '192.0.2.1'],
      ],
    ],
    [
      'the private networks where we listen, others that of the router',
      { ...nat, CALLWEAVE_PRIVATE_NETWORKS: '192.0.2.0/24' },
      [
        [['192.0.2.0/24', '192.0.2.1/32'], '192.0.2.1', '192.0.2.1'],
        [[], '203.0.113.7', '192.0.2.1'],
      ],
    ],
  ])('%s', (_who, environment, expected) => {
    expect(sidesOf(environment).map(({ networks, advertised, listen }) => [networks, advertised, listen])).toEqual(
      expected,
    );
  });

  test('a private address for nobody is a mistake', () => {
    expect(problemsOf({ CALLWEAVE_PRIVATE_HOST: '10.0.0.5' })).toEqual([
      'CALLWEAVE_PRIVATE_HOST: nobody is on the private side; set CALLWEAVE_PRIVATE_NETWORKS',
    ]);
  });

  test('a network that is none is a mistake', () => {
    expect(problemsOf({ CALLWEAVE_PRIVATE_NETWORKS: '10.0.0.0/33' })).toEqual([
      'CALLWEAVE_PRIVATE_NETWORKS: expected networks such as 10.0.0.0/8',
    ]);
  });
});

test('a SIP engine is told of two addresses, or of one that is seen in two ways', () => {
  const flags = (environment: Readonly<Record<string, string>>): string =>
    contactFlags(sidesOf(environment), 5060, 'udp,tcp').join(' ');
  expect(flags({})).toBe('--contact sip:192.0.2.1:5060;transport=udp,tcp');
  expect(flags(nat)).toBe(
    '--contact sip:192.0.2.1:5060;transport=udp,tcp --external-ip 203.0.113.7 --local-net 192.0.2.1/32',
  );
  expect(flags({ ...nat, ...inside })).toBe(
    '--contact sip:10.0.0.5:5060;transport=udp,tcp --local-net 10.0.0.0/8,172.16.0.0/12,10.0.0.5/32 ' +
      '--contact sip:192.0.2.1:5060;transport=udp,tcp --external-ip 203.0.113.7',
  );
});

test('an rtpengine has an interface for each side, the open one first', () => {
  expect(mediaInterfaces(sidesOf({}))).toEqual(['--interface=192.0.2.1']);
  expect(mediaInterfaces(sidesOf({ ...nat, ...inside }))).toEqual([
    '--interface=public/192.0.2.1!203.0.113.7',
    '--interface=private/10.0.0.5',
  ]);
});
