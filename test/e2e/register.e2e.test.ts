import { type Connection } from '@callweave/bus';
import { readFacts } from '@callweave/bus/testing';
import { bindingAdded, defaultTenant } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBaresip } from '../support/baresip.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { rawRequest } from '../support/raw-request.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { openUdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

let platform: Platform;
let bus: Connection;
let edge = '';
let accounts: LoadAccount[] = [];

beforeAll(async () => {
  // A short minimum, so that a phone refreshes while we watch.
  platform = await startPlatform({ CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC: '1' });
  bus = await platform.bus();
  edge = platform.sip[0] ?? '';
  accounts = await addSubscribers(bus, 'phone', 3);
});

afterAll(async () => {
  await platform.stop();
});

/** The kinds of the events told about a user so far, in order. */
async function kindsOf(user: string): Promise<string[]> {
  const filter = bindingAdded.subject({ tenant: defaultTenant, user }).replace(/added$/, '*');
  const facts = await readFacts(bus, 'REGISTRATIONS', filter);
  expect(facts.map(({ event }) => event.sequence)).toEqual(facts.map((_, index) => index + 1));
  return facts.map(({ subject }) => subject.split('.').at(-1) ?? '');
}

describe('baresip', () => {
  test('registers, refreshes and unregisters, and each is told on the bus exactly once and in order', async () => {
    const [alice] = platform.accounts;
    if (alice === undefined) throw new Error('no demo account');
    const phone = await startBaresip({ ...alice, registrar: edge, regintSec: 5 });
    await phone.waitFor('REGISTER_OK');
    const listed = await platform.cli('registrations');
    expect(listed.output).toContain('alice');
    await phone.waitFor('REGISTER_OK', 2);
    await phone.quit();
    await until('the phone is gone', async () => (await kindsOf('alice')).includes('removed'));
    const kinds = await kindsOf('alice');
    expect([kinds[0], kinds.at(-1)]).toEqual(['added', 'removed']);
    expect(new Set(kinds.slice(1, -1))).toEqual(new Set(['refreshed']));
    expect((await platform.cli('registrations')).output).not.toContain('alice');
  });

  test('registers over TCP as well', async () => {
    const [, bob] = platform.accounts;
    if (bob === undefined) throw new Error('no demo account');
    const phone = await startBaresip({ ...bob, registrar: edge, transport: 'tcp' });
    await phone.waitFor('REGISTER_OK');
    await phone.quit();
  });

  test('with a wrong password is refused after a fair challenge', async () => {
    const phone = await startBaresip({ user: 'alice', password: 'guess', registrar: edge });
    const failure = await phone.waitFor('REGISTER_FAIL');
    expect(failure.param).toContain('403');
    await phone.quit();
  });
});

describe('SIPp', () => {
  test.each(['udp', 'tcp'] as const)('registers, refreshes and unregisters over %s', async (transport) => {
    const lines = sippLines(accounts);
    const result = await runSipp({ scenario: 'register-refresh-unregister', remote: edge, calls: 3, lines, transport });
    expect(result).toMatchObject({ successful: 3, failed: 0 });
  });

  test.each(['alice', 'nobody'])('is refused as %s with a wrong password', async (user) => {
    const lines = sippLines([{ user, password: 'guess' }]);
    const result = await runSipp({ scenario: 'register-denied', remote: edge, calls: 1, lines });
    expect(result).toMatchObject({ successful: 1, failed: 0 });
  });
});

describe('what strangers send', () => {
  const registrar = (): string => `sip:${edge}`;

  test.each([
    ['with dots', 'a.b.c', 401],
    ['with a star', '*', 401],
    ['with an escaped bracket and spaces', '%3E%20x%20', 401],
    ['in UTF-8', 'jürgen', 401],
    ['of 8 kB', 'x'.repeat(8192), 401],
    ['with an unescaped bracket', 'a>b', 400],
  ])('a user %s harms nothing', async (_what, user, status) => {
    const peer = await openUdpPeer(edge);
    peer.send(rawRequest({ method: 'REGISTER', uri: registrar(), from: peer.address, user }));
    await peer.waitFor(`SIP/2.0 ${String(status)}`);
    peer.close();
  });

  test.each([
    ['without Call-ID', { 'Call-ID': null }],
    ['without From', { From: null }],
    ['with a CSeq of another method', { CSeq: '1 INVITE' }],
    ['with a Content-Length beyond the datagram', { 'Content-Length': '100' }],
    ['with a Contact nobody can read', { Contact: '<sip:a' }],
  ])('a REGISTER %s is answered 400', async (_what, headers) => {
    const peer = await openUdpPeer(edge);
    peer.send(rawRequest({ method: 'REGISTER', uri: registrar(), from: peer.address, headers }));
    await peer.waitFor('SIP/2.0 400');
    peer.close();
  });

  test('garbage and stray responses get no answer, and the next OPTIONS is answered', async () => {
    const peer = await openUdpPeer(edge);
    for (const noise of ['', '\0\0\0\0', 'hello', 'SIP/2.0 200 OK\r\n\r\n', 'x'.repeat(60_000)]) peer.send(noise);
    peer.send(rawRequest({ method: 'OPTIONS', uri: registrar(), from: peer.address }));
    await peer.waitFor('SIP/2.0 200');
    expect(peer.received).toHaveLength(1);
    peer.close();
  });
});

test('the doctor finds everything in order', async () => {
  const { code, output } = await platform.cli('doctor');
  expect(output).not.toContain('✗');
  expect(code).toBe(0);
});

test('a probe tells an edge that answers a REGISTER from one that does not', async () => {
  expect(await platform.cli('probe', edge)).toEqual({ code: 0, output: '127.0.0.1 401\n' });
  const silent = await openUdpPeer(edge);
  expect(await platform.cli('probe', silent.address, '--timeout-sec', '1')).toEqual({
    code: 1,
    output: '127.0.0.1 no answer\n',
  });
  silent.close();
});

test('an operator adds a user who can register at once', async () => {
  const added = await platform.cli('users', 'add', 'carol', '--password', 'correct-horse');
  expect(added.code).toBe(0);
  expect((await platform.cli('users', 'list')).output).toContain('carol');
  const lines = sippLines([{ user: 'carol', password: 'correct-horse' }]);
  expect(await runSipp({ scenario: 'register', remote: edge, calls: 1, lines })).toMatchObject({ successful: 1 });
});
