import { defaultTenant, type Trunk, trunksBucket } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { openTrunks } from '../src/trunks.ts';

type Watch = Parameters<typeof openTrunks>[0]['watch'];

function trunk(name: string, ...networks: readonly string[]): Trunk {
  return { tenant: defaultTenant, trunk: name, networks: [...networks] };
}

/** A directory, and who tells it of trunks. */
function directory(): { of: (source: string) => string | undefined; tell: (trunk: Trunk) => void } {
  let told: (key: string, value: Trunk) => void = () => undefined;
  const watch = ((_bucket: unknown, { onRecord }: { onRecord: typeof told }) => {
    told = onRecord;
  }) as unknown as Watch;
  const trunks = openTrunks({ watch });
  return {
    of: (source) => trunks.bySource(source)?.trunk,
    tell: (value) => told(trunksBucket.key(value), value),
  };
}

test('who sends from a network of a trunk is that trunk, by IPv4 and IPv6, and anybody else is none', () => {
  const { of, tell } = directory();
  expect(of('198.51.100.7:5060')).toBeUndefined();
  tell(trunk('carrier', '198.51.100.0/24', '2001:db8::/32'));
  tell(trunk('pbx', '203.0.113.9/32'));
  expect(
    ['198.51.100.7:5060', '[2001:db8::1]:5060', '203.0.113.9:5061', '203.0.113.10:5060', '[2001:db9::1]:5060'].map(of),
  ).toEqual(['carrier', 'carrier', 'pbx', undefined, undefined]);
});

test('of networks within each other the narrowest counts, whichever was told first', () => {
  for (const names of [
    ['wide', 'narrow'],
    ['narrow', 'wide'],
  ]) {
    const { of, tell } = directory();
    for (const name of names) tell(trunk(name, name === 'wide' ? '10.0.0.0/16' : '10.0.1.0/24'));
    expect([of('10.0.1.3:5060'), of('10.0.2.3:5060')]).toEqual(['narrow', 'wide']);
  }
});

test('a trunk that moves is no longer known by where it was, and one without networks is none', () => {
  const { of, tell } = directory();
  tell(trunk('pbx', '10.1.0.0/16'));
  tell(trunk('pbx', '10.2.0.0/16'));
  expect([of('10.1.0.1:5060'), of('10.2.0.1:5060')]).toEqual([undefined, 'pbx']);
  tell(trunk('pbx'));
  expect(of('10.2.0.1:5060')).toBeUndefined();
});
