import { defaultTenant } from '@callweave/contracts';
import { type HeaderValues } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { assertIdentity, identityHeaders } from '../src/admit/identity.ts';
import { type Caller, parseCaller } from '../src/admit/parse-caller.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { openTenants } from '../src/tenants.ts';
import { identityOf } from '../src/transfer/transfers.ts';
import { fakeRequest } from './fake-call.ts';

const phone = { isInternal: false };
const application = { isInternal: true };

/** The parties of an INVITE with these headers. */
function caller(headers: Readonly<Record<string, string>>, uri = 'sip:b@example.org'): Caller {
  const request = fakeRequest('INVITE', () => undefined);
  const parsed = parseCaller({ ...request, uri, header: (name) => headers[name] ?? request.header(name) });
  if (parsed.kind !== 'caller') throw new Error(String(parsed.reply.status));
  return parsed.caller;
}

function told(headers: Readonly<Record<string, string>>, target: { isInternal: boolean }): HeaderValues {
  return headersFor(caller({ from: '<sip:alice@example.org>;tag=x', ...headers }), target);
}

function headersFor({ identity, user, domain }: Caller, target: { isInternal: boolean }): HeaderValues {
  if (user === undefined) throw new Error('nobody calls');
  return identityHeaders(assertIdentity(identity, user, domain), target, 'ours');
}

const credentials =
  'Digest username="alice", realm="callweave", nonce="n", uri="sip:b@d", response="00000000000000000000000000000000"';
const open = { From: '<sip:alice@example.org>;tag=ours', 'P-Asserted-Identity': '<sip:alice@example.org>' };
const hidden = { From: '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=ours' };

describe('what others learn of a caller', () => {
  test('is who has proved to be calling, whatever the phone asserts or prefers', () => {
    const lies = { 'p-asserted-identity': '<sip:boss@example.org>', 'p-preferred-identity': '<sip:boss@example.org>' };
    expect(told(lies, phone)).toEqual(open);
  });

  test.each(['id', 'user', 'header; id;critical', 'ID,user'])('is nothing at a phone with Privacy: %s', (privacy) => {
    expect(told({ privacy }, phone)).toEqual(hidden);
  });

  test.each(['none', 'none;id', 'session', 'something-else'])('is all of it with Privacy: %s', (privacy) => {
    expect(told({ privacy }, phone)).toEqual(open);
  });

  test('is the truth inside the platform, with the wish to keep it', () => {
    expect(told({ privacy: 'id;critical' }, application)).toEqual({ ...open, Privacy: 'id;critical' });
    expect(told({}, application)).toEqual(open);
  });

  test('whose From is anonymous is who the credentials say, and no phone learns that', () => {
    const from = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=x';
    const parsed = caller({ from, 'proxy-authorization': credentials });
    expect(parsed).toMatchObject({ user: 'alice', domain: 'example.org' });
    expect(headersFor(parsed, phone)).toEqual(hidden);
    expect(headersFor(parsed, application)).toEqual({
      From: '<sip:anonymous@anonymous.invalid>;tag=ours',
      'P-Asserted-Identity': '<sip:alice@example.org>',
      Privacy: 'id',
    });
    expect(caller({ from }).user).toBe('anonymous');
  });
});

test('a party without an account, of a trunk or an application, is transferred under its own name and asserted by nobody', () => {
  const dialog = { remoteUri: '<sip:+4930@carrier.example>' };
  const parts = { caller: { dialog }, hidden: { caller: false }, users: { caller: undefined } };
  const identity = identityOf({ parts } as unknown as EstablishedCall, 'caller', 'example.org');
  expect(identityHeaders(identity, phone, 'ours')).toEqual({ From: '<sip:+4930@carrier.example>;tag=ours' });
});

describe('the domain that users are called by', () => {
  test.each([
    [['example.org', 'example.com'], 'Example.COM', 'example.com'],
    [['example.org'], 'bank.example', 'example.org'],
    [[], '192.0.2.1', '192.0.2.1'],
  ])('of a tenant with %j is, asked for %s, %s', (domains, asked, domain) => {
    const record = { tenant: defaultTenant, realm: 'callweave', domains, minimumAlgorithm: 'MD5' } as const;
    const tenants = openTenants({
      watch: (_bucket, { onRecord }) => {
        onRecord(defaultTenant, record as never, 1);
        return undefined as never;
      },
    });
    expect(tenants.byDomain(asked)).toEqual({ tenant: defaultTenant, realm: 'callweave', domain });
    expect(tenants.domainOf(defaultTenant, asked)).toBe(domains[0] ?? asked);
  });
});

describe('a number', () => {
  test.each([
    ['tel:+49-(30)-1234.567', '+49301234567'],
    ['tel:7042;phone-context=example.org', '7042'],
    ['sip:+1-201-555-0123@example.org;user=phone', '+12015550123'],
    ['sip:7042;phone-context=example.org@example.org;user=phone', '7042'],
    ['sip:front-desk@example.org;user=phone', 'front-desk'],
    ['sip:a.b-c@example.org', 'a.b-c'],
  ])('that is dialled as %s is %s', (uri, dialled) => {
    expect(caller({}, uri).dialled).toBe(dialled);
  });

  test('in From is an account, and a SIP URI for the phones it calls', () => {
    const parsed = caller({ from: '<tel:+1-201-555-0123>;tag=x' }, 'tel:+49-30-1');
    expect(parsed).toMatchObject({ user: '+12015550123', domain: 'd' });
    expect(parsed.from).toBe('<sip:+12015550123@d;user=phone>');
    expect(parsed.to).toBe('<sip:+49301@d;user=phone>');
    expect(headersFor(parsed, phone)).toMatchObject({
      'P-Asserted-Identity': '<sip:+12015550123@d>',
    });
  });
});
