import { FakeClock } from '@callweave/clock/testing';
import { describe, expect, test } from 'vitest';
import { type RecordType } from '../src/locate/dns-client.ts';
import { CachingResolver } from '../src/locate/resolver.ts';

/** A resolver for which DNS and the hosts file say this; DNS notes what it is asked. */
function resolverWith(says: {
  readonly dns?: Readonly<Record<string, string>>;
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly asksSystem?: boolean;
}): { resolver: CachingResolver; asked: string[] } {
  const { dns = {}, hosts = {}, asksSystem = true } = says;
  const asked: string[] = [];
  const resolver = new CachingResolver({
    client: {
      ask: (name: string, type: RecordType) => {
        asked.push(`${type} ${name}`);
        const data = dns[name];
        const answers = data === undefined || type !== 'A' ? [] : [{ type: 'A' as const, name, data }];
        return Promise.resolve({ answers, ttlSec: 60 });
      },
    },
    hosts: { of: (name) => Promise.resolve(hosts[name] ?? []) },
    asksSystem,
    clock: new FakeClock(),
  });
  return { resolver, asked };
}

describe('the address of a host', () => {
  test('is what the hosts file says, whatever DNS says, and such a host has no services in DNS', async () => {
    const { resolver, asked } = resolverWith({ dns: { 'a.test': '192.0.2.1' }, hosts: { 'a.test': ['192.0.2.9'] } });
    expect(await resolver.addresses('a.test', 4)).toEqual(['192.0.2.9']);
    expect(await resolver.isLocal('a.test')).toBe(true);
    expect(asked).toEqual([]);
  });

  test('is else what DNS says, which is asked once', async () => {
    const { resolver, asked } = resolverWith({ dns: { 'a.test': '192.0.2.1' } });
    expect(await resolver.addresses('a.test', 4)).toEqual(['192.0.2.1']);
    expect(await resolver.addresses('A.TEST', 4)).toEqual(['192.0.2.1']);
    expect(await resolver.isLocal('a.test')).toBe(false);
    expect(asked).toEqual(['A a.test']);
  });

  test('without a dot is known to the operating system, which DNS would not know', async () => {
    const { resolver, asked } = resolverWith({});
    expect(await resolver.addresses('localhost', 4)).toEqual(['127.0.0.1']);
    expect(await resolver.isLocal('localhost')).toBe(true);
    expect(asked).toEqual([]);
  });

  test('is asked of nobody else where DNS servers are named', async () => {
    const { resolver, asked } = resolverWith({ asksSystem: false });
    expect(await resolver.addresses('localhost', 4)).toEqual([]);
    expect(asked).toEqual(['A localhost']);
  });
});
