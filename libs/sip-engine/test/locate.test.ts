import { FakeClock } from '@callweave/clock/testing';
import { describe, expect, test } from 'vitest';
import { Locator } from '../src/locate/locator.ts';
import { parseHosts } from '../src/locate/hosts-file.ts';
import { type NaptrRecord, parseDnsServer, type Resolver } from '../src/locate/resolver.ts';
import { inSrvOrder, type SrvRecord } from '../src/locate/srv-order.ts';
import { targetOf } from '../src/locate/target.ts';
import { RestingHops, Ways } from '../src/locate/ways.ts';
import { type Protocol } from '../src/transport/transport.ts';

/** What a zone file would say, a line for each record. */
type Zone = readonly string[];

const naptr = (text: string): NaptrRecord => {
  const [order = '', preference = '', flags = '', services = '', replacement = ''] = text.split(' ');
  return { order: Number(order), preference: Number(preference), flags, services, replacement };
};

const srv = (text: string): SrvRecord => {
  const [priority = '', weight = '', port = '', target = ''] = text.split(' ');
  return { priority: Number(priority), weight: Number(weight), port: Number(port), target };
};

function resolverOf(zone: Zone): Resolver {
  const records = (name: string, type: string): string[] =>
    zone.filter((line) => line.startsWith(`${name} ${type} `)).map((line) => line.slice(name.length + type.length + 2));
  return {
    isLocal: (host) => Promise.resolve(zone.includes(`${host} is local`)),
    services: (name) => Promise.resolve(records(name, 'NAPTR').map(naptr)),
    servers: (name) =>
      zone.includes(`${name} fails`)
        ? Promise.reject(new Error('timeout'))
        : Promise.resolve(records(name, 'SRV').map(srv)),
    addresses: (name, family) => Promise.resolve(records(name, family === 4 ? 'A' : 'AAAA')),
  };
}

async function located(
  uri: string,
  zone: Zone,
  listened: readonly Protocol[] = ['udp', 'tcp', 'tls'],
): Promise<string[]> {
  const reach = (protocol: Protocol): (4 | 6)[] => (listened.includes(protocol) ? [4, 6] : []);
  const locator = new Locator({ resolver: resolverOf(zone), reach });
  const hops = await locator.locate(targetOf(uri, 'none'), () => 0);
  return hops.map(({ protocol, host, port }) => `${protocol} ${host} ${port}`);
}

const hosts = ['example.com A 192.0.2.1', 'a.example.com A 192.0.2.10', 'b.example.com A 192.0.2.11'];
const anySrv = ['_sip._udp.example.com SRV 1 0 5070 a.example.com', '_sip._tcp.example.com SRV 1 0 5071 a.example.com'];
const secureSrv = '_sips._tcp.example.com SRV 1 0 5072 b.example.com';
const services = [
  'example.com NAPTR 50 50 s SIPS+D2T _sips._tcp.example.com',
  'example.com NAPTR 90 50 s SIP+D2T _sip._tcp.example.com',
  'example.com NAPTR 100 50 s SIP+D2U _sip._udp.example.com',
];

// prettier-ignore
describe('a request goes, RFC 3263 §4,', () => {
  test.each<[string, string, Zone, string[]]>([
    ['to an address itself',                          'sip:192.0.2.5',                          [],        ['udp 192.0.2.5 5060']],
    ['to an address of sips by TLS',                  'sips:192.0.2.5',                         [],        ['tls 192.0.2.5 5061']],
    ['to an IPv6 address',                            'sip:[2001:db8::5]:5080;transport=tcp',   [],        ['tcp 2001:db8::5 5080']],
    ['to maddr instead of the host',                  'sip:example.com;maddr=192.0.2.9',        hosts,     ['udp 192.0.2.9 5060']],
    ['by A where a port is named, whatever SRV says', 'sip:example.com:5080',                   [...hosts, ...anySrv, ...services], ['udp 192.0.2.1 5080']],
    ['of sips with a port by TLS',                    'sips:example.com:5080',                  [...hosts, secureSrv], ['tls 192.0.2.1 5080']],
    ['by the SRV of the transport it names',          'sip:example.com;transport=tcp',          [...hosts, ...anySrv, ...services], ['tcp 192.0.2.10 5071']],
    ['by the SRV of TLS when it names TLS',           'sip:example.com;transport=tls',          [...hosts, secureSrv], ['tls 192.0.2.11 5072']],
    ['by A when its transport has no SRV',            'sip:example.com;transport=tcp',          hosts,     ['tcp 192.0.2.1 5060']],
    ['by what NAPTR prefers, then by the others',     'sip:example.com',                        [...hosts, ...anySrv, secureSrv, ...services], ['tls 192.0.2.11 5072', 'tcp 192.0.2.10 5071', 'udp 192.0.2.10 5070']],
    ['of sips only by what is secure',                'sips:example.com',                       [...hosts, ...anySrv, secureSrv, ...services], ['tls 192.0.2.11 5072']],
    ['by any SRV without NAPTR',                      'sip:example.com',                        [...hosts, ...anySrv], ['udp 192.0.2.10 5070', 'tcp 192.0.2.10 5071']],
    ['of sips by its SRV without NAPTR',              'sips:example.com',                       [...hosts, ...anySrv, secureSrv], ['tls 192.0.2.11 5072']],
    ['by UDP to the host without any of them',        'sip:example.com',                        hosts,     ['udp 192.0.2.1 5060']],
    ['of sips by TLS to the host without any',        'sips:example.com',                       hosts,     ['tls 192.0.2.1 5061']],
    ['past NAPTR that are not about SIP',             'sip:example.com',                        [...hosts, 'example.com NAPTR 1 1 u E2U+sip !x!y!', ...anySrv], ['udp 192.0.2.10 5070', 'tcp 192.0.2.10 5071']],
    ['by NAPTR to a name of another domain',          'sip:example.com',                        [...hosts, 'example.com NAPTR 1 1 S sip+d2u _sip._udp.other.net.', '_sip._udp.other.net SRV 1 0 5090 b.example.com.'], ['udp 192.0.2.11 5090']],
    ['to the better priority first',                  'sip:example.com;transport=udp',          [...hosts, '_sip._udp.example.com SRV 20 0 1 a.example.com', '_sip._udp.example.com SRV 10 0 2 b.example.com'], ['udp 192.0.2.11 2', 'udp 192.0.2.10 1']],
    ['to every address of a server',                  'sip:m.example.com:5060',                 ['m.example.com AAAA 2001:db8::1', 'm.example.com A 192.0.2.3', 'm.example.com A 192.0.2.4'], ['udp 192.0.2.3 5060', 'udp 192.0.2.4 5060', 'udp 2001:db8::1 5060']],
    ['to a host of this place without asking DNS',    'sip:example.com',                        [...hosts, ...anySrv, 'example.com is local'], ['udp 192.0.2.1 5060']],
    ['to the host when nobody tells who serves it',   'sip:example.com;transport=tcp',          [...hosts, '_sip._tcp.example.com fails'], ['tcp 192.0.2.1 5060']],
  ])('%s', async (_what, uri, zone, expected) => {
    expect(await located(uri, zone)).toEqual(expected);
  });

  test.each<[string, string, Zone]>([
    ['has no address',                                  'sip:nothing.example.com',  hosts],
    ['offers no such service, by a target of “.”',      'sip:example.com;transport=udp', [...hosts, '_sip._udp.example.com SRV 0 0 0 .']],
    ['is `.invalid`',                                   'sip:a.invalid',            ['a.invalid A 192.0.2.1']],
  ])('nowhere when the host %s', async (_what, uri, zone) => {
    await expect(located(uri, zone)).rejects.toThrow(/^can not resolve /);
  });
});

test('of several transports only those that are listened for are used', async () => {
  expect(await located('sip:example.com', [...hosts, ...anySrv, secureSrv, ...services], ['udp'])).toEqual([
    'udp 192.0.2.10 5070',
  ]);
  const secure = located('sip:example.com', [...hosts, secureSrv, ...services.slice(0, 1)], ['udp']);
  await expect(secure).rejects.toThrow('requested protocol/transport not available');
});

describe('servers of the same priority, RFC 2782,', () => {
  // A generator that every run starts at the same place: Park and Miller's.
  const draws = (seed = 1): (() => number) => {
    let state = seed;
    return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  };
  const first = (weights: readonly number[], times: number): number[] => {
    const random = draws();
    const records = weights.map((weight, at) => ({ priority: 1, weight, port: at, target: 'x' }));
    const counts = weights.map(() => 0);
    for (let time = 0; time < times; time++) {
      const [chosen] = inSrvOrder(records, random);
      if (chosen !== undefined) counts[chosen.port] = (counts[chosen.port] ?? 0) + 1;
    }
    return counts.map((count) => Math.round((100 * count) / times));
  };

  test('are the first as often as their weights say', () => {
    const shares = first([1_000, 3_000, 6_000], 20_000);
    for (const [at, expected] of [10, 30, 60].entries()) expect(Math.abs((shares[at] ?? 0) - expected)).toBeLessThan(2);
  });

  test('are equal without weights', () => {
    const [one = 0] = first([0, 0], 20_000);
    expect(Math.abs(one - 50)).toBeLessThan(2);
  });

  test('of weight 0 have a chance, a small one', () => {
    const [none = 0] = first([0, 99], 20_000);
    expect(none).toBe(1);
  });

  test('are all tried in the end, and worse ones after them', () => {
    const records = ['1 5 1 a', '2 9 2 b', '1 0 3 c', '1 7 4 d'].map(srv);
    const random = draws(7);
    for (let time = 0; time < 100; time++) {
      const ports = inSrvOrder(records, random).map(({ port }) => port);
      expect(ports.slice(0, 3).sort()).toEqual([1, 3, 4]);
      expect(ports[3]).toBe(2);
    }
  });
});

test('an address that failed is tried after the others, until it has rested', () => {
  const clock = new FakeClock();
  const resting = new RestingHops(clock);
  const hops = [1, 2, 3].map((port) => ({ protocol: 'udp' as const, host: '192.0.2.1', port }));
  const order = (): number[] => resting.last(hops).map(({ port }) => port);
  const ways = new Ways(hops, () => undefined, resting);
  expect(ways.next()).toBeUndefined();
  resting.add({ protocol: 'udp', host: '192.0.2.1', port: 1 }, 30);
  expect(order()).toEqual([2, 3, 1]);
  clock.advance(30_000);
  expect(order()).toEqual([1, 2, 3]);
});

test('a hosts file names addresses, several to a line, and comments', () => {
  const text = '# by hand\n127.0.0.1\tlocalhost Gateway # the old one\n::1 localhost\nnonsense here\n';
  expect([...parseHosts(text)]).toEqual([
    ['localhost', ['127.0.0.1', '::1']],
    ['gateway', ['127.0.0.1']],
  ]);
});

test.each([
  ['192.0.2.53', { address: '192.0.2.53', port: 53 }],
  ['192.0.2.53:5353', { address: '192.0.2.53', port: 5353 }],
  ['2001:db8::53', { address: '2001:db8::53', port: 53 }],
  ['[2001:db8::53]:5353', { address: '2001:db8::53', port: 5353 }],
  ['dns.example.com', undefined],
  ['192.0.2.53:99999', undefined],
])('a DNS server is written %s', (text, expected) => {
  expect(parseDnsServer(text)).toEqual(expected);
});
