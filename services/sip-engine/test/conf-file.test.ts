import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testCertificate } from '@callweave/sip-engine/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfFile } from '../src/conf-file.ts';
import { readConfig } from '../src/config.ts';
import { elements } from '../src/elements.table.ts';
import { Environment } from '../src/environment.ts';

const directory = mkdtempSync(join(tmpdir(), 'callweave-conf-'));
const path = join(directory, 'drachtio.conf.xml');

/** The configuration of an operator, whose certificate is in a place of its own. */
beforeAll(() => {
  const text = readFileSync(fileURLToPath(new URL('fixtures/drachtio.conf.xml', import.meta.url)), 'utf8');
  writeFileSync(path, text.replaceAll('/etc/tls', directory));
  const { cert, key } = testCertificate('sip.example.com');
  writeFileSync(join(directory, 'cert.pem'), cert);
  writeFileSync(join(directory, 'key.pem'), key);
});

afterAll(() => rmSync(directory, { recursive: true }));

function config(args: readonly string[], environment?: Environment) {
  const wish = readConfig(args, { environment });
  if (wish.kind !== 'run') throw new Error(`not run: ${JSON.stringify(wish)}`);
  return wish.config;
}

const read = (inside: string): ConfFile => new ConfFile(`<drachtio>${inside}</drachtio>`);

describe('drachtio.conf.xml', () => {
  test('is what the server runs by', () => {
    const { health, ...rest } = config(['--file', path]);
    expect(health).toEqual([{ host: '127.0.0.1', port: 9190 }]);
    expect(rest).toMatchObject({
      control: { address: '127.0.0.1', port: 9122, tlsPort: 9123, secret: 'tea & biscuits' },
      tls: { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem'), minVersion: 'TLSv1.3' },
      engine: {
        contacts: [
          {
            ...{ address: '10.0.0.5', port: 5070, protocols: ['udp', 'tcp'] },
            ...{
              externalIp: '198.51.100.7',
              localNet: '10.0.0.0/8',
              dnsNames: ['sip.example.com', 'edge.example.com'],
            },
          },
          { address: '10.0.0.5', port: 8080, protocols: ['ws'] },
        ],
        timers: { t1: 250, t2: 2000, t4: 2500, t1x64: 16_000 },
        requestHandlers: [
          { method: 'INVITE', httpMethod: 'GET', url: 'http://127.0.0.1:3000/where' },
          { method: 'REGISTER', httpMethod: 'POST', url: 'https://routes.example.com/' },
        ],
        cdrs: true,
        defaultRefresher: 'uas',
        udpMtu: 1400,
        outboundProxy: 'sip:192.0.2.99:5060;transport=tcp',
        natDetection: 'declared',
        screening: {
          optionsUserAgent: 'probe/1.0',
          refusesAddressRegistrars: true,
          spammers: {
            ...{ action: 'reject', streamAction: 'discard' },
            headers: [
              { name: 'user-agent', values: ['sipcli', 'friendly-scanner'] },
              { name: 'to', values: ['sipvicious'] },
            ],
          },
        },
      },
      logLevel: 'info',
      logFile: '/var/log/drachtio/drachtio.log',
      logRotation: {
        ...{ archive: '/var/log/drachtio/archive', maxBytes: 100e6, maxFiles: 20 },
        ...{ maxArchiveBytes: 5120e6, minFreeBytes: 10240e6 },
      },
      syslog: { address: '192.0.2.7', port: 514, facility: 'local6' },
      logsToStdout: true,
      warnings: [
        '<request-handlers/request-handler verify-peer> has no effect: certificates of handlers are always verified',
        '<logging/file/auto-flush> has no effect: every line is written at once',
        '<logging/sofia-loglevel> has no effect: there is no sofia here',
      ],
    });
  });

  test('counts less than the environment, which counts less than the command line', () => {
    const environment = new Environment({ port: '9222', loglevel: 'error', file: path });
    const { control, logLevel, engine } = config(
      [
        ...['--loglevel', 'debug', '--contact', 'sip:127.0.0.1:5090', '--disable-nat-detection'],
        ...['--http-handler', 'tcp://127.0.0.1:3001'],
      ],
      environment,
    );
    expect(control).toEqual({ address: '127.0.0.1', port: 9222, tlsPort: 9123, secret: 'tea & biscuits' });
    expect(logLevel).toBe('debug');
    expect(engine.contacts).toEqual([{ address: '127.0.0.1', port: 5090, protocols: ['udp', 'tcp'] }]);
    expect(engine.natDetection).toBe('off');
    expect(engine.requestHandlers).toEqual([{ method: '*', httpMethod: 'GET', url: 'tcp://127.0.0.1:3001' }]);
  });

  test('as it is shipped lists TLS too, which is left out without a certificate, and named', () => {
    const shipped = (contacts: readonly string[]): string => {
      const file = join(directory, 'shipped.xml');
      const list = contacts.map((contact) => `<contact>${contact}</contact>`).join('');
      writeFileSync(file, `<drachtio><sip><contacts>${list}</contacts></sip></drachtio>`);
      return file;
    };
    const all = ['sip:*;transport=udp,tcp', 'sips:*;transport=tls', 'sips:*:443;transport=wss'];
    const { engine, tls, warnings } = config(['--file', shipped(all)]);
    expect(engine.contacts).toEqual([{ address: '*', port: 5060, protocols: ['udp', 'tcp'] }]);
    expect(tls).toBeUndefined();
    expect(warnings).toEqual([
      '<sip/contacts/contact> has no effect: sips:*;transport=tls needs a certificate, <sip/tls/cert-file>',
      '<sip/contacts/contact> has no effect: sips:*:443;transport=wss needs a certificate, <sip/tls/cert-file>',
    ]);
    expect(readConfig(['--file', shipped(all), '--cert-file', '/nowhere']).kind).toBe('wrong');
    expect(readConfig(['--file', shipped(all.slice(1))]).kind).toBe('wrong');
  });

  test.each([
    ['', undefined],
    ['<maxFiles>3</maxFiles>', { archive: '/var/log/archive', maxBytes: 5e6, maxFiles: 3 }],
    ['<archive>/old</archive><size>1</size>', { archive: '/old', maxBytes: 1e6 }],
  ])('has a log file rotated when it says anything of that: %s', (said, expected) => {
    const file = join(directory, 'log.xml');
    writeFileSync(file, `<drachtio><logging><file><name>/var/log/a.log</name>${said}</file></logging></drachtio>`);
    const { logRotation } = config(['--file', file]);
    if (expected === undefined) expect(logRotation).toBeUndefined();
    else expect(logRotation).toMatchObject(expected);
  });

  test('is not read with --noconfig', () => {
    expect(config(['--noconfig', '--file', path]).control.port).toBe(9022);
  });

  test('may be missing where drachtio-server looks for it, but not where it was told to', () => {
    expect(readConfig([], { defaultFile: '/nowhere' }).kind).toBe('run');
    expect(readConfig(['--file', '/nowhere'])).toEqual({
      kind: 'wrong',
      problems: [expect.stringContaining('/nowhere cannot be read: ENOENT')],
    });
  });

  test('names what it does not know by its place', () => {
    const { warnings } = read('<sip><codec order="1">pcmu</codec></sip><admin colour="red">0.0.0.0</admin><x/>');
    expect(warnings).toEqual([
      '<sip/codec> has no effect: it is not known',
      '<admin colour> has no effect: it is not known',
      '<x> has no effect: it is not known',
    ]);
  });

  test('counts once where a value is given twice', () => {
    const file = read('<sip><udp-mtu>1400</udp-mtu><udp-mtu>1300</udp-mtu></sip>');
    expect(file.values.get('mtu')?.text).toBe('1400');
    expect(file.warnings).toEqual(['<sip/udp-mtu> has no effect: it is there before']);
  });

  test('without a secret has that of drachtio-server', () => {
    expect(read('<admin>127.0.0.1</admin>').values.get('secret')?.text).toBe('admin');
  });

  test('discards spammers unless it says otherwise, and finds none by a header without a name', () => {
    const file = read('<sip><spammers><header><value>x</value></header></spammers></sip>');
    expect(file.spammers).toEqual({ action: 'discard', streamAction: 'discard', headers: [] });
    expect(file.warnings).toEqual(['<sip/spammers/header> has no effect: it has no name']);
  });

  test('that is no XML is refused with the line', () => {
    expect(new ConfFile('<drachtio>\n<admin></drachtio>', 'x.xml').problems).toEqual([
      expect.stringMatching(/^x\.xml is no XML: line 2: .*admin/),
    ]);
    expect(new ConfFile('<other/>').problems).toEqual(['the outermost element must be <drachtio>, not <other>']);
  });

  test('has all its wrong values reported at once, each with its place', () => {
    const environment = new Environment({ 'min-tls-version': 'high' });
    const file = fileURLToPath(new URL('fixtures/wrong.conf.xml', import.meta.url));
    expect(readConfig(['--file', file, '--mtu', '10'], { environment })).toEqual({
      kind: 'wrong',
      problems: [
        '<sip/spammers action> must be reject or discard: sue',
        '<sip/contacts/contact> has no IP address: sip:example.com',
        '<sip/timers/t1> is no positive number: soon',
        '<logging/loglevel> must be notice, error, warning, info or debug: loud',
        '<admin port> is no port: 99999',
        'DRACHTIO_MIN_TLS_VERSION must be 1.2 or 1.3: high',
        '<sip/reject-register-with-no-realm> is neither yes nor no: perhaps',
        '--mtu must be at least 1000: 10',
        '<logging/file/size> is no positive number: large',
        '<logging/syslog/facility> must be local0 to local7: mail',
        '<monitoring/prometheus port> is neither a port nor host:port: here:there',
      ],
    });
  });

  test('has no element or attribute that is neither honoured nor warned about', () => {
    for (const [place, element] of elements) {
      if (element.kind === 'group' || element.kind === 'list') continue;
      const [names = '', attribute] = place.split('@');
      const path = names.split('/');
      const last = path.at(-1) ?? '';
      const own = attribute === undefined ? `<${last}>7</${last}>` : `<${last} ${attribute}="7">7</${last}>`;
      const file = read(path.slice(0, -1).reduceRight((inside, name) => `<${name}>${inside}</${name}>`, own));
      const told = [...file.values.values()].map(({ from }) => from).concat(file.warnings);
      const shown = attribute === undefined ? `<${names}` : `<${names} ${attribute}>`;
      // The port of Prometheus is told with its address.
      if (place === 'monitoring/prometheus') continue;
      expect(told, place).toContainEqual(expect.stringContaining(shown));
    }
  });
});

describe('the environment', () => {
  test('says what drachtio-server reads there, and what has no effect is named', () => {
    const environment = new Environment({
      ...{
        address: '127.0.0.1',
        'reject-register-with-no-realm': '1',
        homer: '192.0.2.1',
        'homer-id': '7',
        'tport-queuesize': '64',
      },
    });
    const { control, engine, warnings } = config(['--noconfig'], environment);
    expect(control.address).toBe('127.0.0.1');
    expect(engine.screening).toMatchObject({ refusesAddressRegistrars: true });
    expect(engine.capture).toEqual({ host: '192.0.2.1', port: 9060, agentId: 7 });
    expect(warnings).toEqual(['DRACHTIO_TPORT_QUEUESIZE has no effect: 511 connections may wait to be accepted']);
  });

  test('a switch that is off says nothing', () => {
    const { engine, warnings } = config(
      ['--noconfig'],
      new Environment({ 'reject-register-with-no-realm': '0', 'memory-debug': '0' }),
    );
    expect([engine.screening, warnings]).toEqual([undefined, []]);
  });
});
