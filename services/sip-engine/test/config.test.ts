import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCertificate } from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';
import { readConfig, type Surroundings } from '../src/config.ts';
import { allSettings } from '../src/settings.table.ts';

/** No file of the machine counts. */
const nothing: Surroundings = { defaultFile: '/nowhere' };

function run(...args: string[]) {
  return runIn(nothing, ...args);
}

function runIn(surroundings: Surroundings, ...args: string[]) {
  const wish = readConfig(args, { ...nothing, ...surroundings });
  if (wish.kind !== 'run') throw new Error(`not run: ${JSON.stringify(wish)}`);
  return wish.config;
}

function problems(...args: string[]) {
  const wish = readConfig(args, nothing);
  return wish.kind === 'wrong' ? wish.problems : [];
}

describe('the command line', () => {
  test("without flags it is drachtio-server's", () => {
    expect(run()).toMatchObject({
      control: { address: '0.0.0.0', port: 9022, secret: 'cymru' },
      engine: { contacts: [{ address: '*', port: 5060, protocols: ['udp', 'tcp'] }], offerUnknownDialogs: false },
      logLevel: 'info',
      health: [],
      warnings: [],
    });
  });

  test('requests wait for an application that starts again for as long as is said', () => {
    expect(run('--app-grace', '8000')).toMatchObject({ engine: { appGraceMs: 8_000 }, warnings: [] });
    expect(() => run('--app-grace', 'long')).toThrow();
  });

  test('applications are asked about unknown dialogs on request', () => {
    expect(run('--offer-unknown-dialogs')).toMatchObject({ engine: { offerUnknownDialogs: true }, warnings: [] });
  });

  test('DNS servers are those of the machine unless others are named', () => {
    expect(run().engine.dnsServers).toBeUndefined();
    const { engine } = run('--dns-server', '192.0.2.53:5353, [2001:db8::53]:53');
    expect(engine.dnsServers).toEqual(['192.0.2.53:5353', '[2001:db8::53]:53']);
    expect(problems('--dns-server', 'dns.example.com')).toEqual([
      '--dns-server must be like 192.0.2.53 or 192.0.2.53:5353,192.0.2.54: dns.example.com',
    ]);
  });

  test('a collector of messages is named with its port, and the number it knows us by', () => {
    expect(run().engine.capture).toBeUndefined();
    const given = (homer: string): unknown => run('--homer', homer, '--homer-id', '101').engine.capture;
    expect(given('192.0.2.1')).toEqual({ host: '192.0.2.1', port: 9060, agentId: 101 });
    expect(given('homer.example.com:9061')).toEqual({ host: 'homer.example.com', port: 9061, agentId: 101 });
    expect(given('[2001:db8::1]:9061')).toEqual({ host: '2001:db8::1', port: 9061, agentId: 101 });
    expect(given('2001:db8::1')).toEqual({ host: '2001:db8::1', port: 9060, agentId: 101 });
    expect(problems('--homer', '192.0.2.1')).toEqual(['--homer needs --homer-id: 192.0.2.1']);
    expect(problems('--homer', 'a:b:c', '--homer-id', '1')).toEqual(['--homer is neither a host nor host:port: a:b:c']);
  });

  test('health is served where the flags say, else where the environment says, else nowhere', () => {
    const environment = { httpHost: '192.0.2.1', httpPort: 8080 };
    expect(runIn(environment).health).toEqual([{ host: '192.0.2.1', port: 8080 }]);
    expect(runIn(environment, '--http-host', '127.0.0.1', '--http-port', '9').health).toEqual([
      { host: '127.0.0.1', port: 9 },
    ]);
  });

  test('metrics can be scraped by everybody, or at one address', () => {
    expect(run('--prometheus-scrape-port', '9090').health).toEqual([{ host: '0.0.0.0', port: 9090 }]);
    expect(run('--prometheus-scrape-port', '192.0.2.1:9090', '--http-port', '8080').health).toEqual([
      { host: '127.0.0.1', port: 8080 },
      { host: '192.0.2.1', port: 9090 },
    ]);
  });

  test('a handler is asked where requests go', () => {
    expect(run().engine.requestHandlers).toEqual([]);
    const url = 'https://example.com/where';
    expect(run('--http-handler', url, '--http-method', 'POST').engine.requestHandlers).toEqual([
      { method: '*', httpMethod: 'POST', url },
    ]);
    expect(run('--http-handler', 'tcp://127.0.0.1:3001')).toMatchObject({
      engine: { requestHandlers: [{ httpMethod: 'GET' }] },
    });
  });

  test('attributes belong to the contact before them', () => {
    const { engine } = run(
      ...['--contact', 'sip:10.0.0.1:5070;transport=udp', '--external-ip', '192.0.2.1', '--local-net=10.0.0.0/8'],
      ...['-c', 'sip:[::1];transport=tcp,udp', '--dns-name', 'a.example.com', '--dns-name', 'b.example.com'],
    );
    expect(engine.contacts).toEqual([
      { address: '10.0.0.1', port: 5070, protocols: ['udp'], externalIp: '192.0.2.1', localNet: '10.0.0.0/8' },
      { address: '::1', port: 5060, protocols: ['tcp', 'udp'], dnsNames: ['a.example.com', 'b.example.com'] },
    ]);
  });

  test('websockets have a contact of their own, and the pages that may open them', () => {
    expect(
      run('-c', 'sip:192.0.2.1:8080;transport=ws', '--ws-origin', 'https://a', '--ws-origin', 'https://b'),
    ).toMatchObject({
      engine: {
        contacts: [{ address: '192.0.2.1', port: 8080, protocols: ['ws'] }],
        webSockets: { allowedOrigins: ['https://a', 'https://b'] },
      },
    });
    expect(run().engine.webSockets).toEqual({});
  });

  test('TLS is given the certificate, what it hangs on, and its key', () => {
    const directory = mkdtempSync(join(tmpdir(), 'callweave-config-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const [authority, other] = [testCertificate('authority.test'), testCertificate('other.test')];
    const { cert, key } = testCertificate('engine.test', authority);
    const secure = ['-c', 'sips:192.0.2.1;transport=tls', '--cert-file', file('cert.pem', cert)];
    const [keyFile, chainFile] = [file('key.pem', key), file('chain.pem', authority.cert)];
    const config = run(...secure, '--key-file', keyFile, '--chain-file', chainFile);
    expect(config.engine.contacts).toEqual([{ address: '192.0.2.1', port: 5061, protocols: ['tls'] }]);
    expect(config.tls).toEqual({
      ...{ cert: join(directory, 'cert.pem'), key: keyFile, chain: chainFile, minVersion: 'TLSv1.2' },
    });
    expect(problems(...secure, '--key-file', keyFile, '--chain-file', '/nowhere')).toEqual([
      expect.stringContaining('certificate chain cannot be read: ENOENT'),
    ]);
    expect(problems(...secure, '--key-file', file('other.pem', other.key))).toEqual([
      expect.stringMatching(/cannot be used: .*key values mismatch/),
    ]);
    rmSync(directory, { recursive: true });
  });

  test.each([
    ['notice', 'info'],
    ['warning', 'warn'],
    ['debug', 'debug'],
  ])('the level %s is %s here', (level, expected) => {
    expect(run('-l', level).logLevel).toBe(expected);
  });

  test('every flag of drachtio-server that has no effect is named in a warning', () => {
    const without = allSettings.filter(([, { ignored, flag }]) => ignored !== undefined && flag === undefined);
    expect(without.length).toBeGreaterThan(0);
    for (const [name, { type }] of without) {
      const args = type === 'string' ? [`--${name}`, 'x'] : [`--${name}`];
      expect(run(...args).warnings).toEqual([expect.stringContaining(`--${name} has no effect: `)]);
    }
  });

  test('a level is one of those, not a name that every object has', () => {
    expect(problems('-l', 'constructor')).toEqual([
      '--loglevel must be notice, error, warning, info or debug: constructor',
    ]);
  });

  test('all problems are reported at once', () => {
    expect(
      problems(
        ...['--frobnicate', '--port', '99999', '--address', 'nowhere', '--loglevel', 'loud', 'stray', '--secret'],
      ),
    ).toEqual([
      'unknown flag: --frobnicate',
      'unexpected argument: stray',
      '--secret needs a value',
      '--loglevel must be notice, error, warning, info or debug: loud',
      '--address is no IP address: nowhere',
      '--port is no port: 99999',
    ]);
  });

  test.each([
    ['--external-ip', '192.0.2.1', '--external-ip must follow a --contact'],
    ['--contact', 'http://x', '--contact must be like'],
    ['--contact', 'sip:example.com', '--contact has no IP address'],
    ['--contact', 'sips:192.0.2.1;transport=tcp', '--contact wants TLS'],
    ['--contact', 'sip:192.0.2.1;transport=udp,sctp', '--contact has an unknown transport sctp'],
    ['--contact', 'sips:192.0.2.1;transport=wss', 'transport=tls, wss and --tls-port need --cert-file'],
    ['--contact', 'sip:192.0.2.1:70000', '--contact has no such port'],
    ['--http-port', 'x', '--http-port is no port'],
    ['--compat', 'kamailio', '--compat must be drachtio'],
    ['--tls-port', '9023', '--tls-port need --cert-file'],
    ['--http-handler', 'example.com', '--http-handler is no URL'],
    ['--http-handler', 'ftp://example.com', '--http-handler must be http://'],
    ['--http-handler', 'tcp://example.com', '--http-handler needs a host and a port'],
    ['--http-method', 'PUT', '--http-method must be GET or POST'],
  ])('%s %s is wrong', (flag, value, problem) => {
    expect(problems(flag, value)).toContainEqual(expect.stringContaining(problem));
  });

  test.each([
    ['-h', 'help'],
    ['--help', 'help'],
    ['-v', 'version'],
    ['--version', 'version'],
  ])('%s asks for %s, whatever else is wrong', (flag, kind) => {
    expect(readConfig([flag, '--frobnicate'])).toEqual({ kind });
  });
});
