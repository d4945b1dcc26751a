import { describe, expect, test } from 'vitest';
import { chartNames, refusal, type Values } from './support/helm.ts';

describe('values that cannot be are refused', () => {
  test.each(chartNames)('%s: a misspelt key is an error', async (chart) => {
    expect(await refusal(chart, { rplicas: 3 })).toContain("additional properties 'rplicas' not allowed");
  });

  const wrong: readonly (readonly [string, string, Values, string])[] = [
    ['a tag that moves', 'registrar', { image: { tag: 'latest' } }, '/image/tag'],
    ['a container without a memory limit', 'registrar', { resources: { limits: { memory: null } } }, 'memory'],
    ['a password in the address of the bus', 'registrar', { nats: { url: 'nats://a:b@nats:4222' } }, '/nats/url'],
    ['a setting that is none of ours', 'call-routing', { env: { PATH: '/' } }, "'PATH' does not match pattern"],
    ['no edge at all', 'edge-signaling', { replicas: 0 }, '/replicas'],
    [
      'an advertised name where SIP needs an address',
      'edge-signaling',
      { sip: { public: { advertised: 'edge' } } },
      '/sip/public/advertised',
    ],
    [
      'a private side without anybody on it',
      'edge-signaling',
      { sip: { private: { listen: '10.0.0.5' } } },
      'set sip.private.networks',
    ],
    [
      'TLS without a certificate',
      'edge-signaling',
      { sip: { listeners: [{ transports: ['tls'], port: 5061 }] } },
      'set sip.tls.secretName',
    ],
    [
      'a certificate that nobody is shown',
      'edge-signaling',
      { sip: { tls: { secretName: 'certificate' } } },
      'nothing is listened for inside TLS',
    ],
    [
      'one listener with and without TLS',
      'edge-signaling',
      { sip: { listeners: [{ transports: ['tcp', 'tls'], port: 5061 }] } },
      'need a listener each',
    ],
    [
      'a listener with an advertised address and none of its own',
      'edge-signaling',
      { sip: { listeners: [{ transports: ['tcp'], port: 5062, advertised: '203.0.113.7' }] } },
      'advertised and networks need an address',
    ],
    [
      'a transport that is none',
      'edge-signaling',
      { sip: { listeners: [{ transports: ['sctp'], port: 5062 }] } },
      '/sip/listeners/0/transports/0',
    ],
    [
      'a port of root',
      'edge-signaling',
      { sip: { listeners: [{ transports: ['ws'], port: 443 }] } },
      '/sip/listeners/0/port',
    ],
    [
      'two sides of the edges, and one of the media',
      'callweave',
      { 'edge-signaling': { sip: { private: { networks: ['10.0.0.0/8'] } } } },
      'rtpengine.interfaces has none named public',
    ],
    ['two nats-servers, of which none may die', 'nats', { replicas: 2 }, '/replicas'],
    ['an rtpengine without a port', 'media-control', { rtpengines: ['rtpengine-0'] }, '/rtpengines/0'],
    ['a misspelt key of a part', 'callweave', { registrar: { maxContact: 3 } }, "'maxContact' not allowed"],
    ['a part that does not exist', 'callweave', { regstrar: { enabled: false } }, "'regstrar' not allowed"],
    ['an external media server without its address', 'app-server', { media: { kind: 'external' } }, 'media.server'],
    [
      'more rtpengines than media-control knows',
      'callweave',
      { rtpengine: { replicas: 3 } },
      'rtpengine.replicas is 3',
    ],
    ['traces that nobody sends', 'callweave', { jaeger: { enabled: true } }, 'global.otlpUrl'],
  ];
  test('ports of rtpengines that do not fit, or are those of another, are refused', async () => {
    const ports: readonly (readonly [Values, string])[] = [
      [{ replicas: 5 }, 'end at 69999, above 65535'],
      [{ ports: { control: 30001 } }, 'ports.control: 30001 and the next lie within the media ports 30000-45999'],
      [{ ports: { http: 45999 } }, 'ports.http: 45999 and the next lie within the media ports 30000-45999'],
      [{ ports: { http: 2224 } }, 'control and http of the replicas overlap'],
    ];
    for (const [values, because] of ports) expect(await refusal('rtpengine', values)).toContain(because);
    expect(await refusal('rtpengine', { ports: { control: 46000, http: 29998 } })).toBeUndefined();
  });

  test('edges and media with the same two sides are not', async () => {
    const sip = { public: { listen: '198.51.100.1' }, private: { networks: ['10.0.0.0/8'] } };
    const interfaces = ['public/198.51.100.1', 'private/$(HOST_IP)'];
    const values = (names: readonly string[]): Values => ({
      'edge-signaling': { sip },
      rtpengine: { interfaces: names },
    });
    expect(await refusal('callweave', values(interfaces))).toBeUndefined();
    expect(await refusal('callweave', values(interfaces.slice(0, 1)))).toContain('has none named private');
  });

  test.each(wrong)('%s', async (_what, chart, values, because) => {
    expect(await refusal(chart, values)).toContain(because);
  });
});
