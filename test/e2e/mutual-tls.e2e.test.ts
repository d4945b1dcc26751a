import { execFile } from 'node:child_process';
import { type TestCertificate, testCertificate } from '@callweave/sip-engine/testing';
import { expect, test } from 'vitest';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { temporaryFiles } from '../support/temporary-files.ts';

const HOST = '127.0.0.1';
const ALICE_HZ = 440;
const BOB_HZ = 880;
/** What openssl waits for the server to go on. */
const OPENSSL_MS = 20_000;

const put = temporaryFiles();

const authority = testCertificate('authority.example.com');
const ours = testCertificate('sip.example.com', authority);
const known = testCertificate('phone.example.com', authority);
const trusted = put('authority.pem', authority.cert);
const stranger = testCertificate('phone.example.com', testCertificate('other.example.com'));

const phones = new PhonePlatform({
  CALLWEAVE_SIP_LISTENERS: `tls://${HOST}:0 wss://${HOST}:0`,
  CALLWEAVE_TLS_CERT_FILE: put('cert.pem', ours.cert),
  CALLWEAVE_TLS_KEY_FILE: put('key.pem', ours.key),
  CALLWEAVE_TLS_PEER_CA_FILE: trusted,
});

/** `host:port` where the platform listens. */
function listener(transport: 'tls' | 'wss'): string {
  return phones.platform.listeners.find(({ transports }) => transports[0] === transport)?.listen ?? '';
}

/** What openssl makes of a connection: whether an OPTIONS was answered, and what it was told instead. */
async function options(transport: 'tls' | 'wss', certificate?: TestCertificate): Promise<string> {
  const shown =
    certificate === undefined
      ? []
      : ['-cert', put('p.pem', certificate.cert), '-key', put('p-key.pem', certificate.key)];
  const connecting = ['s_client', '-quiet', '-CAfile', trusted, '-connect', listener(transport)];
  return new Promise((resolve) => {
    const child = execFile('openssl', [...connecting, ...shown], { timeout: OPENSSL_MS }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
    // It may have been refused by now.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdout?.once('data', () => child.kill());
    child.stdin?.write(transport === 'tls' ? sipOptions : upgrade);
  });
}

const sipOptions = [
  `OPTIONS sip:${HOST} SIP/2.0`,
  'Via: SIP/2.0/TLS 192.0.2.9:5061;branch=z9hG4bKopenssl',
  'Max-Forwards: 70',
  'From: <sip:openssl@example.com>;tag=1',
  `To: <sip:${HOST}>`,
  'Call-ID: openssl',
  'CSeq: 1 OPTIONS',
  'Content-Length: 0',
  '\r\n',
].join('\r\n');

const upgrade = [
  'GET / HTTP/1.1',
  `Host: ${HOST}`,
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: sip',
  '\r\n',
].join('\r\n');

test.each([
  ['tls', /^SIP\/2.0 200 OK/m],
  ['wss', /^HTTP\/1.1 101 /m],
] as const)(
  'by %s a peer is let in with a certificate of the authority, and with no other',
  async (transport, answer) => {
    expect(await options(transport, known)).toMatch(answer);
    for (const certificate of [undefined, stranger]) expect(await options(transport, certificate)).not.toMatch(answer);
  },
);

test('a phone with a certificate of the authority calls one that comes without TLS, and they hear each other', async () => {
  const byTls = { registrar: listener('tls'), transport: 'tls', certificate: known } as const;
  const [alice, bob] = await Promise.all([
    phones.phone('alice', { ...byTls, toneHz: ALICE_HZ }),
    phones.phone('bob', { toneHz: BOB_HZ }),
  ]);
  alice.command('dial', `sip:bob@${listener('tls')};transport=tls`);
  await Promise.all([hears(alice, BOB_HZ), hears(bob, ALICE_HZ)]);
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
});
