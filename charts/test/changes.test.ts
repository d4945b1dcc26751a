import { describe, expect, test } from 'vitest';
import { changes } from './support/changes.ts';
import { render, type Values } from './support/helm.ts';
import { workloads } from './support/manifest.ts';

/** What `values` change in a chart. */
async function changed(chart: string, values: Values): Promise<string[]> {
  return changes(await render(chart), await render(chart, values));
}

const pod = 'spec.template.spec';

/** What the SIP engine of an edge is told. */
async function engineArguments(sip: Values): Promise<readonly string[]> {
  const [edge] = workloads(await render('edge-signaling', { sip }));
  return edge?.pod.initContainers?.find(({ name }) => name === 'sip-engine')?.args ?? [];
}

describe('a value changes what it says, and nothing else', () => {
  test('without autoscaling there are as many replicas as are asked for', async () => {
    expect(await changed('registrar', { autoscaling: { enabled: false }, replicas: 5 })).toEqual([
      'Deployment registrar spec.replicas: nothing → 5',
      '- HorizontalPodAutoscaler registrar',
    ]);
  });

  test('a setting of the service reaches its environment', async () => {
    const container = `Deployment registrar ${pod}.containers.[registrar]`;
    expect(await changed('registrar', { expires: { minSec: 120 }, env: { CALLWEAVE_LOG_LEVEL: 'debug' } })).toEqual([
      `${container}.env.[CALLWEAVE_LOG_LEVEL].value: "info" → "debug"`,
      `${container}.env.[CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC].value: "60" → "120"`,
    ]);
  });

  test.each([
    ['512Mi', 384],
    ['1.5Gi', 1152],
  ])('with a memory limit of %s the heap of Node may be %i MiB', async (memory, heap) => {
    const container = `Deployment registrar ${pod}.containers.[registrar]`;
    expect(await changed('registrar', { resources: { limits: { memory } } })).toEqual([
      `${container}.env.[NODE_OPTIONS].value: "--max-old-space-size=288" → "--max-old-space-size=${heap}"`,
      `${container}.resources.limits.memory: "384Mi" → "${memory}"`,
    ]);
  });

  test('nodes are chosen by their labels', async () => {
    expect(await changed('media-control', { placement: { nodeSelector: { 'callweave.io/pool': 'voice' } } })).toEqual([
      `Deployment media-control ${pod}.nodeSelector.callweave.io/pool: nothing → "voice"`,
    ]);
  });

  test('an edge that may drain for longer is given the time', async () => {
    const container = `Deployment edge-signaling ${pod}.containers.[edge-signaling]`;
    expect(await changed('edge-signaling', { drain: { maxSec: 300 } })).toEqual([
      `Deployment edge-signaling ${pod}.terminationGracePeriodSeconds: 70 → 340`,
      `${container}.env.[CALLWEAVE_DRAIN_SEC].value: "30" → "300"`,
    ]);
  });

  test('an edge on every node is a DaemonSet, which no autoscaler can scale', async () => {
    expect(await changed('edge-signaling', { kind: 'DaemonSet' })).toEqual([
      '+ DaemonSet edge-signaling',
      '- Deployment edge-signaling',
      '- HorizontalPodAutoscaler edge-signaling',
      '- PodDisruptionBudget edge-signaling',
    ]);
  });

  test('edges behind one address tell it to their peers', async () => {
    const engine = `Deployment edge-signaling ${pod}.initContainers.[sip-engine].args`;
    const lines = await changed('edge-signaling', { sip: { public: { advertised: '198.51.100.1' } } });
    expect(lines).toContain(`${engine}.2: "--address" → "--external-ip"`);
    expect(lines).toContain(`${engine}.3: "127.0.0.1" → "198.51.100.1"`);
  });

  test('edges that take browsers listen for their websockets as well', async () => {
    const args = await engineArguments({ webSocketPort: 5066, public: { advertised: '198.51.100.1' } });
    expect(args.slice(0, 8)).toEqual([
      ...['--contact', 'sip:$(POD_IP):5060;transport=udp,tcp', '--external-ip', '198.51.100.1'],
      ...['--contact', 'sip:$(POD_IP):5066;transport=ws', '--external-ip', '198.51.100.1'],
    ]);
  });

  test('edges with a private side tell its peers the address on it, and everybody else the public one', async () => {
    const networks = ['10.0.0.0/8', 'fd00::/8'];
    const inside = ['--local-net', '10.0.0.0/8,fd00::/8'];
    const atNode = ['--contact', 'sip:$(POD_IP):5060;transport=udp,tcp'];
    const told = ['--external-ip', '203.0.113.7'];
    const public_ = { listen: '198.51.100.1', advertised: '203.0.113.7' };
    const atPublic = ['--contact', 'sip:198.51.100.1:5060;transport=udp,tcp'];
    for (const [sip, args] of [
      [{ private: { networks }, public: { advertised: '203.0.113.7' } }, [...atNode, ...told, ...inside]],
      [{ private: { networks }, public: public_ }, [...atNode, ...inside, ...atPublic, ...told]],
      [
        { private: { networks, listen: 'fd00::1' } },
        ['--contact', 'sip:[fd00::1]:5060;transport=udp,tcp', ...inside, ...atNode],
      ],
    ] as const) {
      expect((await engineArguments(sip)).slice(0, args.length + 2)).toEqual([...args, '--address', '127.0.0.1']);
    }
    const edge = `Deployment edge-signaling ${pod}.containers.[edge-signaling]`;
    const lines = await changed('edge-signaling', { sip: { private: { networks } } });
    expect(lines).toContain(`${edge}.env.[CALLWEAVE_PRIVATE_NETWORKS].value: nothing → "10.0.0.0/8,fd00::/8"`);
  });

  test('edges with further listeners have them where the others are, or at an address of their own', async () => {
    const args = await engineArguments({
      public: { advertised: '203.0.113.7' },
      private: { networks: ['10.0.0.0/8'] },
      listeners: [
        { transports: ['tls'], port: 5061 },
        { transports: ['udp', 'tcp'], port: 5060, address: '2001:db8::1' },
        {
          transports: ['wss'],
          port: 7443,
          address: '192.0.2.1',
          advertised: '203.0.113.9',
          networks: ['192.168.0.0/16'],
        },
      ],
      tls: { secretName: 'certificate', peerCaSecretName: 'authority' },
    });
    const sides = ['--external-ip', '203.0.113.7', '--local-net', '10.0.0.0/8'];
    expect(args.slice(6, args.indexOf('--address'))).toEqual([
      ...['--contact', 'sips:$(POD_IP):5061;transport=tls', ...sides],
      ...['--contact', 'sip:[2001:db8::1]:5060;transport=udp,tcp'],
      ...['--contact', 'sips:192.0.2.1:7443;transport=wss', '--external-ip', '203.0.113.9'],
      ...['--local-net', '192.168.0.0/16', '--cert-file', '/etc/callweave/tls/tls.crt'],
      ...['--key-file', '/etc/callweave/tls/tls.key', '--tls-peer-ca', '/etc/callweave/peer-ca/ca.crt'],
    ]);
  });

  test('edges with TLS mount the Secret with their certificate, and open a port for each listener once', async () => {
    const listeners = [
      { transports: ['tls'], port: 5061 },
      { transports: ['tls'], port: 5061, address: '2001:db8::1' },
      { transports: ['udp', 'tcp'], port: 5060, address: '2001:db8::1' },
    ];
    const lines = await changed('edge-signaling', { sip: { listeners, tls: { secretName: 'certificate' } } });
    const engine = `Deployment edge-signaling ${pod}.initContainers.[sip-engine]`;
    expect(lines.filter((line) => !/\.args\.|\.name: /.test(line))).toEqual([
      `${engine}.ports.[sip-tls-5061].containerPort: nothing → 5061`,
      `${engine}.ports.[sip-tls-5061].protocol: nothing → "TCP"`,
      `${engine}.volumeMounts.[tls].mountPath: nothing → "/etc/callweave/tls"`,
      `${engine}.volumeMounts.[tls].readOnly: nothing → true`,
      `Deployment edge-signaling ${pod}.volumes.[tls].secret.secretName: nothing → "certificate"`,
      'Service edge-signaling spec.ports.[sip-tls-5061].port: nothing → 5061',
      'Service edge-signaling spec.ports.[sip-tls-5061].targetPort: nothing → "sip-tls-5061"',
      'Service edge-signaling spec.ports.[sip-tls-5061].protocol: nothing → "TCP"',
    ]);
  });

  test('without the host’s file system the edge needs no root', async () => {
    const lines = await changed('edge-signaling', { state: { kind: 'emptyDir' } });
    expect(lines.filter((line) => !line.includes('[own-state]'))).toEqual([
      `Deployment edge-signaling ${pod}.volumes.[state].hostPath.path: "/var/lib/callweave/edge-signaling" → nothing`,
      `Deployment edge-signaling ${pod}.volumes.[state].hostPath.type: "DirectoryOrCreate" → nothing`,
      `Deployment edge-signaling ${pod}.volumes.[state].emptyDir.sizeLimit: nothing → "1Gi"`,
    ]);
  });

  test('a registry of the site is where all images of the platform come from', async () => {
    const manifests = await render('callweave', { global: { registry: 'registry.example/voice' } });
    const images = [...JSON.stringify(manifests).matchAll(/"image":"([^"]+)"/g)].map((match) => match[1] ?? '');
    const ours = images.filter((image) => image.includes('callweave/'));
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter((image) => !image.startsWith('registry.example/voice/callweave/'))).toEqual([]);
  });

  test('the same streams and buckets need no second Job, others do', async () => {
    const job = async (values: Values): Promise<string | undefined> =>
      (await render('nats', values)).find(({ kind }) => kind === 'Job')?.metadata.name;
    expect(await job({ resources: { limits: { memory: '3Gi' } } })).toBe(await job({}));
    expect(await job({ replicas: 5 })).not.toBe(await job({}));
  });
});
