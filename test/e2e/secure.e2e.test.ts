import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { testCertificate } from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';
import { type Baresip, type BaresipOptions } from '../support/baresip.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, sippLines } from '../support/subscribers.ts';
import { talks } from '../support/talk.ts';
import { temporaryFiles } from '../support/temporary-files.ts';
import { until } from '../support/until.ts';
import { startWebPhones } from '../support/web-phone.ts';

const HOST = '127.0.0.1';
/** Longer than it takes an engine to see that its files have changed. */
const NOTICED_MS = 60_000;
const ALICE_HZ = 440;
const BOB_HZ = 880;
const answeredCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

/** A second address by which phones come without TLS. */
const OTHER = '127.0.4.1';
const LISTENERS = `tls://${HOST}:0 wss://${HOST}:0 udp://[::1]:0 udp://${OTHER}:0`;

// What is registered first ends last.
const put = temporaryFiles();
const authority = testCertificate('authority.example.com');
/** The certificate that was put there last. */
let current = '';

const phones = new PhonePlatform(() => {
  const [certFile, keyFile] = renewCertificate();
  const files = { CALLWEAVE_TLS_CERT_FILE: certFile, CALLWEAVE_TLS_KEY_FILE: keyFile };
  return Promise.resolve({ CALLWEAVE_SIP_LISTENERS: LISTENERS, ...files });
});

/** Puts a new certificate where the engine finds it: its file, and that of its key. */
function renewCertificate(): [string, string] {
  const { cert, key } = testCertificate('sip.example.com', authority);
  current = cert;
  return [put('cert.pem', cert), put('key.pem', key)];
}

/** `host:port` where the platform listens. */
function listener(transport: 'tls' | 'wss' | 'udp', host = HOST): string {
  const { listeners } = phones.platform;
  const found = listeners.find(
    ({ transports, listen }) => transports[0] === transport && listen.startsWith(`${host}:`),
  );
  if (found === undefined) throw new Error(`nobody listens at ${host} by ${transport}`);
  return found.listen;
}

/** Fingerprint of the certificate that is shown to who connects now; throws unless the authority has signed it for us. */
async function shownCertificate(): Promise<string> {
  const [host, port] = listener('tls').split(':');
  const socket = connect({ host, port: Number(port), ca: authority.cert });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

const fingerprintOf = (certificate: string): string => new X509Certificate(certificate).fingerprint256;

/** Two phones in a call in which they hear each other; both know the edge by one address unless the callee has another. */
async function talking(
  caller: Partial<BaresipOptions> & { readonly registrar: string },
  callee = caller,
): Promise<[Baresip, Baresip]> {
  const [alice, bob] = await Promise.all([
    phones.phone('alice', { ...caller, toneHz: ALICE_HZ }),
    phones.phone('bob', { ...callee, toneHz: BOB_HZ }),
  ]);
  alice.command('dial', `sip:bob@${caller.registrar};transport=${caller.transport ?? 'udp'}`);
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([hears(alice, BOB_HZ), hears(bob, ALICE_HZ)]);
  return [alice, bob];
}

const byTls = (): { registrar: string; transport: 'tls' } => ({ registrar: listener('tls'), transport: 'tls' });

describe('phones on TLS', () => {
  test('hear each other until the caller hangs up', async () => {
    const [alice, bob] = await talking(byTls());
    alice.command('hangup');
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
  });

  test('go on talking, and hang up, when the certificate is renewed, which is shown to who connects next', async () => {
    const [alice, bob] = await talking(byTls());
    expect(await shownCertificate()).toBe(fingerprintOf(current));
    renewCertificate();
    const renewed = fingerprintOf(current);
    await until('the renewed certificate is shown', async () => (await shownCertificate()) === renewed, NOTICED_MS);
    await Promise.all([talks(phones, 'caller'), talks(phones, 'callee')]);
    bob.command('hangup');
    await alice.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
  });
});

test('a browser on WSS and a phone on TLS hear each other until the browser hangs up', async () => {
  const browser = await startWebPhones(ALICE_HZ, current);
  try {
    const account = phones.platform.accounts.find(({ user }) => user === 'alice');
    if (account === undefined) throw new Error('no account alice');
    const server = `wss://${listener('wss')}`;
    const [alice, bob] = await Promise.all([
      browser.open({ ...account, domain: HOST, server }),
      phones.phone('bob', { ...byTls(), toneHz: BOB_HZ }),
    ]);
    await alice.waitFor('registered');
    await alice.call('bob');
    await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
    await Promise.all([alice.hears(BOB_HZ), hears(bob, ALICE_HZ)]);
    await alice.hangUp();
    await bob.waitFor('CALL_CLOSED');
    expect(await phones.toldInAll()).toEqual(answeredCall);
  } finally {
    await browser.close();
  }
});

const byIpv4 = (): { registrar: string } => ({ registrar: phones.edge });
const byIpv6 = (): { registrar: string; host: string } => ({ registrar: listener('udp', '[::1]'), host: '::1' });

test.each([
  ['phones on IPv6', byIpv6, byIpv6],
  ['a phone on IPv4 and the one on IPv6 that it calls', byIpv4, byIpv6],
  ['a phone on IPv6 and the one on IPv4 that it calls', byIpv6, byIpv4],
])('%s hear each other until the callee hangs up', async (_who, caller, callee) => {
  const [alice, bob] = await talking(caller(), callee());
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(answeredCall);
});

test('a phone that registers at a second address of a transport is told to send its requests there', async () => {
  const [account] = await addSubscribers(phones.bus, 'second-', 1);
  if (account === undefined) throw new Error('no account');
  for (const address of [phones.edge, listener('udp', OTHER)]) {
    const lines = sippLines([account]);
    const trace = put(`${address}.log`, '');
    const registered = await runSipp({ scenario: 'register', remote: address, calls: 1, lines, trace });
    expect(registered, registered.errors).toMatchObject({ successful: 1, failed: 0 });
    expect(readFileSync(trace, 'utf8')).toContain(`Service-Route: <sip:${address};lr>`);
  }
});

test('the doctor shows what is listened at, and until when the certificate is good', async () => {
  const { code, output } = await phones.platform.cli('doctor');
  expect(output).toMatch(/tls 127\.0\.0\.1:\d+ \(certificate until [^)]+\); wss 127\.0\.0\.1:\d+ \(certificate until/);
  expect(output).toMatch(/udp \[::1\]:\d+ \(answers\); udp 127\.0\.4\.1:\d+ \(answers\)/);
  expect(code).toBe(0);
});
