import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@callweave/service';
import { testCertificate } from '@callweave/sip-engine/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { PortFinder } from '../src/free-ports.ts';
import { listenerFlags, shownListener } from '../src/listeners.ts';
import { settleAddresses } from '../src/addresses.ts';
import { tlsFlags, tlsProblems } from '../src/tls-files.ts';
import { contactFlags, mediaInterfaces, networkSides } from '../src/topology.ts';
import { planPorts } from '../src/port-plan.ts';
import { configOf } from './support.ts';

const LISTENERS =
  'tls://192.0.2.1:5061?advertised=203.0.113.7&networks=10.0.0.0/8,192.168.0.0/16  udp+tcp://[2001:db8::1]:5060\n' +
  'wss://192.0.2.1:443?advertised=203.0.113.7 tls://10.0.0.5:5061?networks=10.0.0.0/8';

const directory = mkdtempSync(join(tmpdir(), 'callweave-listeners-'));
afterAll(() => rmSync(directory, { recursive: true }));

function put(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('what the engines listen at besides', () => {
  const { sipListeners } = configOf({ CALLWEAVE_SIP_LISTENERS: LISTENERS });

  test('is told them, each with its own advertised address and local networks', () => {
    expect(sipListeners.map((listener) => listenerFlags(listener).join(' '))).toEqual([
      '--contact sips:192.0.2.1:5061;transport=tls --external-ip 203.0.113.7 --local-net 10.0.0.0/8,192.168.0.0/16',
      '--contact sip:[2001:db8::1]:5060;transport=udp,tcp',
      '--contact sips:192.0.2.1:443;transport=wss --external-ip 203.0.113.7',
      '--contact sips:10.0.0.5:5061;transport=tls --local-net 10.0.0.0/8',
    ]);
  });

  test('is written into the file of the platform', () => {
    expect(sipListeners.slice(1, 3).map(shownListener)).toEqual([
      { transports: ['udp', 'tcp'], listen: '[2001:db8::1]:5060', advertised: '2001:db8::1', networks: [] },
      { transports: ['wss'], listen: '192.0.2.1:443', advertised: '203.0.113.7', networks: [] },
    ]);
  });

  test('has ports of its own in each engine, and may have one of a number for each address', () => {
    const config = configOf({ CALLWEAVE_SIP_PORTS: '5060,5070', CALLWEAVE_SIP_LISTENERS: LISTENERS });
    expect(planPorts(config).listeners.map((uses) => uses.map(({ host, port }) => `${host} ${String(port)}`))).toEqual([
      ['192.0.2.1 5061', '2001:db8::1 5060', '192.0.2.1 443', '10.0.0.5 5061'],
      ['192.0.2.1 5062', '2001:db8::1 5061', '192.0.2.1 444', '10.0.0.5 5062'],
    ]);
    const twice = configOf({ CALLWEAVE_SIP_LISTENERS: 'tcp://127.0.0.1:5060' });
    expect(problemsOf(() => planPorts(twice))).toEqual([
      'CALLWEAVE_SIP_LISTENERS: port 5060 for tcp of SIP engine 1 is also for SIP',
    ]);
  });

  test('has media of its own where it is IPv6, on both sides', () => {
    const interfaces = (environment: Readonly<Record<string, string>>): string[] =>
      mediaInterfaces(networkSides(configOf({ CALLWEAVE_HOST: '192.0.2.1', ...environment })), sipListeners);
    expect(interfaces({})).toEqual(['--interface=192.0.2.1', '--interface=2001:db8::1']);
    expect(interfaces({ CALLWEAVE_PRIVATE_HOST: '10.0.0.5', CALLWEAVE_PRIVATE_NETWORKS: '10.0.0.0/8' })).toEqual([
      '--interface=public/192.0.2.1',
      '--interface=public/2001:db8::1',
      '--interface=private/10.0.0.5',
      '--interface=private/2001:db8::1',
    ]);
  });

  test.each([
    ['sctp://192.0.2.1:5060', 'a transport is one of udp, tcp, ws, tls, wss'],
    ['udp+tls://192.0.2.1:5060', 'what is inside TLS and what is not need a listener each'],
    ['tls://sip.example.com:5061', 'expected listeners such as tls://192.0.2.1:5061'],
    ['tls://192.0.2.1', 'expected listeners such as tls://192.0.2.1:5061'],
    ['tls://2001:db8::1:5061', 'expected listeners such as tls://192.0.2.1:5061'],
    ['udp://0.0.0.0:5060', 'phones cannot be told 0.0.0.0'],
    ['udp://[::]:5060', 'phones cannot be told ::'],
    ['udp://192.0.2.1:5060?advertised=sip.example.com', 'sip.example.com is no IP address'],
    ['udp://192.0.2.1:5060?networks=10.0.0.0/33', 'expected networks such as 10.0.0.0/8'],
    ['udp://192.0.2.1:5060?external=192.0.2.9', 'external is neither advertised nor networks'],
  ])('cannot be %s', (text, problem) => {
    const environment = { CALLWEAVE_SIP_LISTENERS: `tcp://192.0.2.1:5062 ${text}` };
    expect(problemsOf(() => configOf(environment))).toEqual([
      expect.stringContaining(`CALLWEAVE_SIP_LISTENERS: ${text}: ${problem}`),
    ]);
  });
});

describe('the files for TLS', () => {
  const { cert, key } = testCertificate('sip.example.com');
  const [certFile, keyFile] = [put('cert.pem', cert), put('key.pem', key)];
  const tls = { CALLWEAVE_SIP_LISTENERS: 'tls://127.0.0.1:5061' };
  const files = { CALLWEAVE_TLS_CERT_FILE: certFile, CALLWEAVE_TLS_KEY_FILE: keyFile };

  test('are told to the engines', () => {
    const config = configOf({ ...tls, ...files, CALLWEAVE_TLS_PEER_CA_FILE: certFile });
    expect(tlsProblems(config)).toEqual([]);
    expect(tlsFlags(config)).toEqual(['--cert-file', certFile, '--key-file', keyFile, '--tls-peer-ca', certFile]);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      'must be given',
      tls,
      [
        'CALLWEAVE_TLS_CERT_FILE: required for tls and wss in CALLWEAVE_SIP_LISTENERS',
        'CALLWEAVE_TLS_KEY_FILE: required for tls and wss in CALLWEAVE_SIP_LISTENERS',
      ],
    ],
    [
      'must be there, each of them',
      { ...tls, CALLWEAVE_TLS_CERT_FILE: '/none/cert.pem', CALLWEAVE_TLS_KEY_FILE: '/none/key.pem' },
      [
        expect.stringContaining("CALLWEAVE_TLS_CERT_FILE: ENOENT: no such file or directory, open '/none/cert.pem'"),
        expect.stringContaining("CALLWEAVE_TLS_KEY_FILE: ENOENT: no such file or directory, open '/none/key.pem'"),
      ],
    ],
    [
      'must belong together',
      { ...tls, ...files, CALLWEAVE_TLS_KEY_FILE: put('other.pem', testCertificate('other.example.com').key) },
      [expect.stringContaining('CALLWEAVE_TLS_CERT_FILE: certificate and key cannot be used')],
    ],
    [
      'are of no use without a listener',
      files,
      [
        'CALLWEAVE_TLS_CERT_FILE: nothing is listened for inside TLS; see CALLWEAVE_SIP_LISTENERS',
        'CALLWEAVE_TLS_KEY_FILE: nothing is listened for inside TLS; see CALLWEAVE_SIP_LISTENERS',
      ],
    ],
  ])('%s', (_what, environment, problems) => {
    expect(tlsProblems(configOf(environment))).toEqual(problems);
  });

  test('are told together with everything else that contradicts itself', async () => {
    const config = configOf({
      ...{ ...tls, CALLWEAVE_PRIVATE_HOST: '10.0.0.5', CALLWEAVE_CONSOLE_PORT: '5061' },
      ...{ CALLWEAVE_TLS_CERT_FILE: certFile, CALLWEAVE_NATS_PORT: '9022' },
    });
    await expect(settleAddresses(config, new PortFinder())).rejects.toMatchObject({
      problems: [
        'CALLWEAVE_TLS_KEY_FILE: required for tls and wss in CALLWEAVE_SIP_LISTENERS',
        'CALLWEAVE_PRIVATE_HOST: nobody is on the private side; set CALLWEAVE_PRIVATE_NETWORKS',
        'CALLWEAVE_NATS_PORT: port 9022 for nats-server is also for control of SIP engine 1',
        'CALLWEAVE_CONSOLE_PORT: port 5061 for the console is also for tls of SIP engine 1',
      ],
    });
  });
});

test('an engine listens at the sides of the platform all the same', () => {
  const sides = networkSides(configOf({ CALLWEAVE_SIP_LISTENERS: LISTENERS }));
  expect(contactFlags(sides, 5060, 'udp,tcp')).toEqual(['--contact', 'sip:127.0.0.1:5060;transport=udp,tcp']);
});
