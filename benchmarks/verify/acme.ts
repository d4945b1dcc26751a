// Whether a certificate of an ACME authority (RFC 8555) gets to the edge, and its renewal too: Debian's certbot proves to
// Pebble that it has a name of NSD's, the SIP engine shows what certbot has left in its folder, and shows the next one when
// certbot has renewed it, with nobody telling it. Who has connected before stays connected. Fails when any of it does not.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { startNameServer, testCertificate } from '@callweave/sip-engine/testing';
import { freePort, tied, until } from '@callweave/test';
import { startEngine } from '../support/engine-side.ts';

const HOST = '127.0.0.1';
const PATH = '/usr/bin:/usr/local/bin';
const NAME = 'sip.example.test';
/** The engine looks every 10 s. */
const SHOWN_MS = 60_000;
/** What a phone sends to keep a connection, and is answered. RFC 5626 §3.5.1 */
const PING = '\r\n\r\n';
const PONG = '\r\n';

const directory = mkdtempSync(join(tmpdir(), 'callweave-acme-'));
const put = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

const names = await startNameServer(['sip A 127.0.0.1']);
const challengePort = await freePort();
const pebble = await startPebble(names.address, challengePort);
try {
  await certbot(pebble, ['certonly', '--standalone', '--http-01-address', HOST, '-d', NAME]);
  const live = (file: string): string => join(directory, 'config/live', NAME, file);
  const tlsPort = await freePort();
  const files = ['--cert-file', live('cert.pem'), '--chain-file', live('chain.pem'), '--key-file', live('privkey.pem')];
  const engine = await startEngine({ flags: ['--contact', `sip:${HOST}:${String(tlsPort)};transport=tls`, ...files] });
  try {
    const kept = await connected(tlsPort, pebble.root);
    const before = kept.getPeerCertificate();
    await certbot(pebble, ['renew', '--force-renewal', '--no-random-sleep-on-renew']);
    const renewedAt = performance.now();
    let after = before;
    await until(
      'the renewed certificate is shown',
      async () => (after = await shown(tlsPort)).serialNumber !== before.serialNumber,
      SHOWN_MS,
    );
    const shownAfterSec = Math.round((performance.now() - renewedAt) / 1_000);
    kept.write(PING);
    const [pong] = (await once(kept, 'data')) as [Buffer];
    const isKept = pong.toString() === PONG;
    const issuers = [before, after].map(({ issuer }) => issuer.CN);
    kept.destroy();
    console.log(JSON.stringify({ name: NAME, issuers, isRenewed: true, shownAfterSec, isKept }));
    if (!isKept) process.exitCode = 1;
  } finally {
    await engine.stop();
  }
} finally {
  await pebble.stop();
  await names.kill();
  rmSync(directory, { recursive: true, force: true });
}

interface Pebble {
  readonly url: string;
  /** The certificate that its HTTP server shows. */
  readonly trusted: string;
  /** The certificate of its authority. */
  readonly root: string;
  stop(): Promise<void>;
}

/** An ACME server that looks names up at `nameServer` and asks for its challenges at `challengePort`. */
async function startPebble(nameServer: string, challengePort: number): Promise<Pebble> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const authority = testCertificate('pebble.example.test');
  const own = testCertificate('localhost', authority);
  const trusted = put('pebble-authority.pem', authority.cert);
  const settings = {
    ...{ listenAddress: `${HOST}:${String(port)}`, managementListenAddress: `${HOST}:${String(managementPort)}` },
    ...{ certificate: put('pebble.pem', own.cert), privateKey: put('pebble-key.pem', own.key) },
    ...{
      httpPort: challengePort,
      tlsPort: await freePort(),
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
    },
  };
  const config = put('pebble.json', JSON.stringify({ pebble: settings }));
  const child = spawn(...tied('pebble', ['-config', config, '-dnsserver', nameServer]), {
    cwd: directory,
    env: { PATH, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
    stdio: 'ignore',
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  let root = '';
  await until('Pebble answers', async () => {
    root = await page(`https://localhost:${String(managementPort)}/roots/0`, authority.cert);
    return root !== '';
  });
  return { url: `https://localhost:${String(port)}/dir`, trusted, root, stop };
}

/** A page of a server with a certificate of this authority; empty as long as it does not answer. */
function page(url: string, ca: string): Promise<string> {
  return new Promise((resolve) => {
    get(url, { ca }, (answer) => void text(answer).then(resolve)).on('error', () => resolve(''));
  });
}

async function certbot({ url, trusted }: Pebble, command: readonly string[]): Promise<void> {
  const folders = ['config', 'work', 'logs'].flatMap((name) => [`--${name}-dir`, join(directory, name)]);
  const usual = ['--server', url, '--http-01-port', String(challengePort), '--non-interactive', '--agree-tos'];
  const args = [...command, ...usual, '--register-unsafely-without-email', ...folders];
  await promisify(execFile)('certbot', args, { env: { PATH, HOME: directory, REQUESTS_CA_BUNDLE: trusted } });
}

/** A connection of somebody who trusts the authority alone. */
async function connected(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: HOST, port, ca, servername: NAME });
  await once(socket, 'secureConnect');
  return socket;
}

async function shown(port: number): Promise<PeerCertificate> {
  const socket = await connected(port, pebble.root);
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}
