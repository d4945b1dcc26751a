import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRawPhone, testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Baresip, startBaresip } from '../support/baresip.ts';
import { freePhonePort } from '../support/free-port.ts';
import { root } from '../support/platform.ts';
import { runSipp } from '../support/sipp.ts';
import { tied } from '../support/tied.ts';
import { toneShare } from '../support/tone.ts';
import { until } from '../support/until.ts';

// The parts of drachtio-srf that this application uses; the library itself is unmodified.
interface Srf {
  connect(options: object): void;
  on(event: 'connect', listener: (error: unknown, hostPort: string) => void): void;
  register(handler: Handler): void;
  invite(handler: Handler): void;
  options(handler: Handler): void;
  createUAS(request: SrfRequest, response: SrfResponse, options: object): Promise<SrfDialog>;
  createB2BUA(
    request: SrfRequest,
    response: SrfResponse,
    uri: string,
    options: object,
  ): Promise<{ uas: SrfDialog; uac: SrfDialog }>;
  disconnect(): void;
}
interface SrfRequest {
  readonly body: string;
  readonly protocol: string;
  readonly source_address: string;
  readonly source_port: string;
  readonly callingNumber: string;
  readonly calledNumber: string;
  get(name: string): string;
}
interface SrfResponse {
  send(status: number, options?: object): void;
}
interface SrfDialog {
  other?: SrfDialog;
  on(event: 'destroy', listener: () => void): void;
  destroy(): Promise<unknown>;
}
type Handler = (request: SrfRequest, response: SrfResponse) => void;

interface Binding {
  readonly contact: string;
  readonly proxy: string;
}

const sdp = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';

let directory: string;
let ports: { readonly sip: number; readonly tls: number; readonly control: number; readonly metrics: number };
let server: ChildProcess;
let srf: Srf;
/** Contacts of registered phones, and the connections they came by. */
const bindings = new Map<string, Binding>();
const protocols = new Set<string>();

const logged = (): string => {
  const path = join(directory, 'drachtio.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** The application of an operator: a registrar, calls between its phones, and an answering machine for the rest. */
async function startApplication(): Promise<string> {
  const { default: Library } = (await import('drachtio-srf')) as unknown as { default: new () => Srf };
  srf = new Library();
  srf.register((request, response) => {
    protocols.add(request.protocol);
    const { source_address: address, source_port: port } = request;
    const contact = /<([^>]+)>/.exec(request.get('Contact'))?.[1] ?? '';
    bindings.set(request.callingNumber, { contact, proxy: `sip:${address}:${port};transport=tls` });
    response.send(200, { headers: { Contact: `${request.get('Contact')};expires=300` } });
  });
  srf.options((_request, response) => response.send(480));
  srf.invite((request, response) => {
    protocols.add(request.protocol);
    const binding = bindings.get(request.calledNumber);
    void (binding === undefined ? answer(request, response) : connect(request, response, binding));
  });
  const connected = new Promise<string>((resolve) => srf.on('connect', (_error, hostPort) => resolve(hostPort)));
  srf.connect({ host: '127.0.0.1', port: ports.control, secret: 'ginger' });
  return connected;
}

async function answer(request: SrfRequest, response: SrfResponse): Promise<void> {
  await srf.createUAS(request, response, { localSdp: sdp });
}

async function connect(request: SrfRequest, response: SrfResponse, { contact, proxy }: Binding): Promise<void> {
  const { uas, uac } = await srf.createB2BUA(request, response, contact, { proxy });
  uas.on('destroy', () => void uac.destroy());
  uac.on('destroy', () => void uas.destroy());
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-drop-in-'));
  ports = {
    ...{ sip: await freePhonePort(), tls: await freePhonePort() },
    ...{ control: await freePhonePort(), metrics: await freePhonePort() },
  };
  const authority = testCertificate('authority.example.com');
  const { cert, key } = testCertificate('sip.example.com', authority);
  for (const [name, text] of Object.entries({ cert, key, chain: authority.cert })) {
    writeFileSync(join(directory, `${name}.pem`), text);
  }
  const template = readFileSync(join(root, 'test/scenarios/drachtio.conf.xml'), 'utf8');
  const values = Object.entries({ ...ports, directory });
  const filled = values.reduce((xml, [name, value]) => xml.replaceAll(`[${name}]`, String(value)), template);
  writeFileSync(join(directory, 'drachtio.conf.xml'), filled);
  const main = join(root, 'services/sip-engine/src/main.ts');
  const file = join(directory, 'drachtio.conf.xml');
  const command = ['--import', 'tsx', '--conditions=@callweave/source', main, '--file', file];
  server = spawn(...tied(process.execPath, command), { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  await until('the server is ready', () => logged().includes('"engine.ready"'));
});

afterAll(async () => {
  srf.disconnect();
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  await gone;
  rmSync(directory, { recursive: true });
});

describe('a site that ran drachtio-server by drachtio.conf.xml', () => {
  test('finds what it listens at, and what has no effect, in the log file of its configuration', async () => {
    const hostPort = await startApplication();
    const { sip, tls } = ports;
    expect(hostPort).toBe(`udp/127.0.0.1:${sip},tcp/127.0.0.1:${sip},tls/127.0.0.1:${tls}`);
    const warnings = logged().match(/<[^"]* has no effect/g);
    expect(warnings).toEqual([
      '<sip/blacklist/redis-address> has no effect',
      '<sip/blacklist/redis-key> has no effect',
    ]);
  });

  test.each(['udp', 'tcp'] as const)('has calls over %s answered and ended by its application', async (transport) => {
    const remote = `127.0.0.1:${String(ports.sip)}`;
    const result = await runSipp({ scenario: 'uac', remote, calls: 20, rate: 20, transport });
    expect(result, result.errors).toMatchObject({ successful: 20, failed: 0 });
    expect(protocols).toContain(transport);
  });

  test('is left alone by scanners, and its load balancer gets an answer', async () => {
    const phone = await openRawPhone();
    const ask = (agent: string, branch: string): void => {
      const headers = [`User-Agent: ${agent}`];
      phone.send(
        requestText({ sentBy: `127.0.0.1:${String(phone.port)}`, headers, branch, callId: branch }),
        ports.sip,
      );
    };
    ask('friendly-scanner', 'z9hG4bK1');
    ask('load-balancer', 'z9hG4bK2');
    ask('anybody', 'z9hG4bK3');
    expect(await phone.next()).toMatch(/^SIP\/2\.0 200 .*Call-ID: z9hG4bK2/s);
    expect(await phone.next()).toMatch(/^SIP\/2\.0 480 .*Call-ID: z9hG4bK3/s);
    phone.close();
  });

  test('has its figures scraped by Prometheus where it says', async () => {
    const answer = await fetch(`http://127.0.0.1:${String(ports.metrics)}/metrics`);
    expect(await answer.text()).toMatch(/^callweave_engine_apps\{.*\} 1$/m);
  });

  describe('with phones on TLS', () => {
    let [alice, bob]: Baresip[] = [];

    beforeAll(async () => {
      const account = { password: 'none', registrar: `127.0.0.1:${String(ports.tls)}`, transport: 'tls' } as const;
      alice = await startBaresip({ ...account, user: 'alice', toneHz: 440 });
      bob = await startBaresip({ ...account, user: 'bob', toneHz: 880 });
    });

    afterAll(async () => {
      await Promise.all([alice?.quit(), bob?.quit()]);
    });

    test('has them registered and talking to each other, until one hangs up', async () => {
      if (alice === undefined || bob === undefined) throw new Error('no phones');
      await Promise.all([alice, bob].map((phone) => phone.waitFor('REGISTER_OK')));
      expect(protocols).toContain('tls');
      alice.command('dial', `sip:bob@127.0.0.1:${String(ports.tls)};transport=tls`);
      await Promise.all([alice, bob].map((phone) => phone.waitFor('CALL_ESTABLISHED')));
      const [caller, callee] = [alice, bob];
      await until('both hear each other', () => {
        const heard = [toneShare(caller.heard(), 880), toneShare(callee.heard(), 440)];
        return Math.min(...heard) > 0.2;
      });
      bob.command('hangup');
      await Promise.all([alice, bob].map((phone) => phone.waitFor('CALL_CLOSED')));
    });
  });
});
