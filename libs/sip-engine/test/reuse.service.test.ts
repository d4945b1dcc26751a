import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { openRawPhone, testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bench, BenchPhone, freeUdpPort, openBench } from './bench.ts';
import { startKamailio } from './kamailio.ts';
import { Programs } from './programs.ts';

const authority = testCertificate('authority.test');
const ours = testCertificate('engine.test', authority);
const theirs = testCertificate('gateway.test', authority);

let bench: Bench;
let programs: Programs;

beforeEach(async () => {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['tls' as const] }];
  bench = await openBench(['options'], { contacts, tls: { ...ours, peerCa: authority.cert } });
  programs = new Programs();
});

afterEach(async () => {
  await bench.close();
  await programs.stop();
});

test('a gateway with a certificate is sent requests by the connection that it has opened, if it wants that', async () => {
  const [cert, key] = [await programs.file(theirs.cert), await programs.file(theirs.key)];
  const peer = ['s_client', '-quiet', '-connect', `127.0.0.1:${String(bench.sipPort)}`, '-cert', cert, '-key', key];
  const gateway = await programs.talk('openssl', peer);
  let seen = '';
  gateway.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString('latin1')));
  gateway.stdin.write(requestText().replace(/^Via: .*$/m, 'Via: SIP/2.0/TLS 127.0.0.1:5071;alias;branch=z9hG4bKopen'));
  await bench.app.told();
  await bench.app.request('OPTIONS sip:gateway@127.0.0.1:5071;transport=tls');
  await vi.waitFor(() => expect(seen).toContain('OPTIONS sip:gateway@127.0.0.1:5071;transport=tls SIP/2.0'), 10_000);
  // It may do the same with ours.
  expect(seen).toMatch(/^Via: SIP\/2.0\/TLS 127.0.0.1:\d+;alias;branch=/m);
});

describe('with Kamailio, each side with a certificate', () => {
  /** Where it listens by TLS. */
  let port: number;
  /** Asks it by UDP for what it is to ask the engine. */
  let asking: BenchPhone;

  beforeEach(async () => {
    const udpPort = await freeUdpPort();
    port = await freeTcpPort();
    const shown = { cert: await programs.file(theirs.cert), key: await programs.file(theirs.key) };
    const tlsFile = await programs.file(tlsText({ ...shown, authority: await programs.file(authority.cert) }));
    await startKamailio(programs, {
      port: udpPort,
      settings: tlsSettings(port, tlsFile),
      route: relay(bench.sipPort),
    });
    asking = new BenchPhone(await openRawPhone(), udpPort);
  });

  afterEach(() => asking.close());

  let asked = 0;

  /** We ask Kamailio. */
  async function ask(): Promise<void> {
    await bench.app.request(`OPTIONS sip:peer@127.0.0.1:${port};transport=tls`);
    expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
  }

  /** Kamailio asks us; the port that it does it from. */
  async function isAsked(): Promise<number> {
    asking.request({ method: 'OPTIONS', uri: 'sip:engine@127.0.0.1', callId: `asked-${++asked}` });
    const told = await bench.app.told();
    await bench.app.answer(told, '200 OK');
    return Number(told.tokens[6]);
  }

  test('it asks us by the connection that we have opened, since we want that', async () => {
    await ask();
    expect(await isAsked()).toBe(port);
    expect(bench.engine.stats().connections).toBe(1);
  });

  test('we ask it by the connection that it has opened, if it wants that', async () => {
    const opened = await isAsked();
    expect(opened).not.toBe(port);
    await ask();
    expect(bench.engine.stats().connections).toBe(1);
    expect(await isAsked()).toBe(opened);
  });
});

async function freeTcpPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** It wants its connections used for requests to it, and uses those of whoever wants that. RFC 5923 */
function tlsSettings(port: number, tlsFile: string): string {
  return `
enable_tls=yes
listen=tls:127.0.0.1:${port}
tcp_accept_aliases=yes
xavp_via_params="via"
loadmodule "tls.so"
modparam("tls", "config", "${tlsFile}")
`;
}

/** Both as a server and as a client it shows its certificate, and asks for one that the authority has signed. */
function tlsText(files: { readonly cert: string; readonly key: string; readonly authority: string }): string {
  const given = `
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
certificate = ${files.cert}
private_key = ${files.key}
ca_list = ${files.authority}
`;
  return `[server:default]${given}[client:default]${given}`;
}

/** Answers what the engine asks, and asks it what it is asked by others; a parameter without a value has to follow one. */
function relay(enginePort: number): string {
  return `
  if ($proto == "tls") { sl_send_reply("200", "OK"); exit; }
  $xavp(via=>wants) = "reuse;alias";
  via_add_xavp_params("1");
  $du = "sip:127.0.0.1:${enginePort};transport=tls";
  t_relay();
`;
}
