import { defaultTenant, Tenant } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { identify, type Identified } from '../src/admit/identify.ts';
import { parseCaller } from '../src/admit/parse-caller.ts';
import { fakeRequest } from './fake-call.ts';

const pbx = Tenant.parse('acme');
let challenges = 0;

/** What an INVITE with these headers is taken for, from the address of a trunk or from elsewhere. */
function identified(headers: Readonly<Record<string, string>>, source = '198.51.100.7:5060'): Promise<Identified> {
  const plain = fakeRequest('INVITE', () => undefined);
  const request = { ...plain, source, header: (name: string) => headers[name] ?? plain.header(name) };
  const parsed = parseCaller(request);
  if (parsed.kind !== 'caller') throw new Error(String(parsed.reply.status));
  return identify(request, parsed.caller, {
    authenticator: {
      challenge: () => {
        challenges += 1;
        return Promise.resolve({ kind: 'challenged', challenges: ['Digest'] });
      },
      verify: () => Promise.resolve({ kind: 'denied' }),
    },
    tenants: {
      byDomain: (domain) => ({ tenant: defaultTenant, realm: 'callweave', domain }),
      domainOf: () => 'acme.example',
    },
    trunks: {
      bySource: (from) =>
        from.startsWith('198.51.100.7:') ? { tenant: pbx, trunk: 'pbx', networks: ['198.51.100.7/32'] } : undefined,
    },
  });
}

const from = '<sip:4930@carrier.example>;tag=x';
const trunk = { kind: 'trunk', trunk: 'pbx' };

test('a trunk is asked for nothing, and calls are of its tenant whatever domain they name', async () => {
  challenges = 0;
  expect(await identified({ from })).toEqual({
    kind: 'identified',
    tenant: pbx,
    source: trunk,
    identity: {
      from: '<sip:4930@carrier.example>',
      asserted: '<sip:4930@acme.example>',
      privacy: undefined,
      isHidden: false,
    },
    domain: 'acme.example',
  });
  expect(challenges).toBe(0);
});

test('whoever sends from elsewhere is asked, whatever he asserts', async () => {
  const reply = { status: 407, headers: { 'Proxy-Authenticate': ['Digest'] } };
  const asserting = { from, 'p-asserted-identity': '<sip:4930@carrier.example>' };
  expect(await identified(asserting, '198.51.100.8:5060')).toEqual({ kind: 'refuse', reply });
});

test.each([
  ['<tel:+49-30-1>', '+49301'],
  ['"Anna" <sip:+4930@carrier.example>, <tel:+4931>', '+4930'],
  ['<sip:carrier.example>, <tel:+4931>', '+4931'],
  ['<sip:carrier.example>', '4930'],
  ['<mailto:a@b>', '4930'],
  ['nonsense <', '4930'],
])('a trunk that asserts %s calls for %s', async (asserted, user) => {
  const found = await identified({ from, 'p-asserted-identity': asserted });
  expect(found).toMatchObject({ identity: { asserted: `<sip:${user}@acme.example>` } });
});

test('who calls through a trunk and wants nobody to know stays himself inside the platform', async () => {
  const hidden = {
    from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x',
    'p-asserted-identity': '<sip:+4930@carrier.example>',
    privacy: 'id',
  };
  expect(await identified(hidden)).toMatchObject({
    identity: { asserted: '<sip:+4930@acme.example>', privacy: 'id', isHidden: true },
  });
});
