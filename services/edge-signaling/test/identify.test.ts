import { defaultTenant, Tenant } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { identify, type Identified } from '../src/admit/identify.ts';
import { parseCaller } from '../src/admit/parse-caller.ts';
import { fakeRequest } from './fake-call.ts';

const pbx = Tenant.parse('acme');
let challenges = 0;

/** What an INVITE with these headers is taken for, from the address of a trunk or from elsewhere. */
function identified(
  headers: Readonly<Record<string, string>>,
  source = '198.51.100.7:5060',
  domainOf: (asked: string) => string = () => 'acme.example',
): Promise<Identified> {
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
      domainOf: (_tenant, asked) => domainOf(asked),
    },
    trunks: {
      bySource: (from) =>
        from.startsWith('198.51.100.7:') ? { tenant: pbx, trunk: 'pbx', networks: ['198.51.100.7/32'] } : undefined,
    },
  });
}

const from = '<sip:4930@carrier.example>;tag=x';
const trunk = { kind: 'trunk', trunk: 'pbx' };

test('a trunk is asked for nothing, and calls are of its tenant and its domain, if it has one, whatever domain they name', async () => {
  challenges = 0;
  expect(await identified({ from })).toEqual({
    kind: 'identified',
    tenant: pbx,
    source: trunk,
    identity: {
      from: '<sip:4930@carrier.example>',
      asserted: undefined,
      privacy: undefined,
      isHidden: false,
    },
    domain: 'acme.example',
  });
  expect(challenges).toBe(0);
  const without = await identified({ from, 'p-asserted-identity': '<tel:+4930>' }, undefined, (asked) => asked);
  expect(without).toMatchObject({ domain: 'd', identity: { asserted: '<sip:+4930@d>' } });
});

test('a From of a number without digits is refused, wherever it comes from', async () => {
  await expect(async () => identified({ from: '<tel:->;tag=x' })).rejects.toThrow('400');
});

test('a host that names no user may call through a trunk, and nowhere else', async () => {
  const host = { from: '<sip:192.0.2.1>;tag=x' };
  expect(await identified(host)).toMatchObject({ source: trunk, identity: { from: '<sip:192.0.2.1>' } });
  expect(await identified(host, '198.51.100.8:5060')).toEqual({ kind: 'refuse', reply: { status: 403 } });
});

test('whoever sends from elsewhere is asked, whatever he asserts', async () => {
  const reply = { status: 407, headers: { 'Proxy-Authenticate': ['Digest'] } };
  const asserting = { from, 'p-asserted-identity': '<sip:4930@carrier.example>' };
  expect(await identified(asserting, '198.51.100.8:5060')).toEqual({ kind: 'refuse', reply });
});

test.each([
  ['<tel:+49-30-1>', '<sip:+49301@acme.example>'],
  ['"Anna" <sip:+4930@carrier.example>, <tel:+4931>', '<sip:+4930@acme.example>'],
  ['<sip:carrier.example>, <tel:+4931>', '<sip:+4931@acme.example>'],
  ['<sip:alice@carrier.example;user=ip>', '<sip:alice@carrier.example>'],
  ['<sip:1001@carrier.example>', '<sip:1001@carrier.example>'],
  ['<tel:1001;phone-context=carrier.example>', undefined],
  ['<sip:carrier.example>', undefined],
  ['<mailto:a@b>', undefined],
  ['nonsense <', undefined],
])(
  'a trunk that asserts %s calls for %s: a global number is one of ours, a name or an extension is none of our users',
  async (said, asserted) => {
    expect(await identified({ from, 'p-asserted-identity': said })).toMatchObject({ identity: { asserted } });
  },
);

test('who calls through a trunk and wants nobody to know is himself inside the platform if the trunk says who he is', async () => {
  const hidden = { from: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x', privacy: 'id' };
  const credentials = 'Digest username="alice", realm="callweave", nonce="n", uri="sip:b@d", response="0"';
  const asserted = { 'p-asserted-identity': '<sip:+4930@carrier.example>' };
  const wish = { privacy: 'id', isHidden: true };
  expect(await identified({ ...hidden, ...asserted })).toMatchObject({
    identity: { ...wish, asserted: '<sip:+4930@acme.example>' },
  });
  expect(await identified({ ...hidden, 'proxy-authorization': credentials })).toMatchObject({
    identity: { ...wish, asserted: undefined },
  });
});
