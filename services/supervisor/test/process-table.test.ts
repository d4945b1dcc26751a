import { describe, expect, test } from 'vitest';
import { networkSides } from '../src/topology.ts';
import { busAddress } from '../src/bus-address.ts';
import { busShare, processTable, type ProcessSpec } from '../src/process-table.ts';
import { configOf } from './support.ts';

const secrets = {
  natsPasswords: {
    operator: 'o',
    registrar: 'r',
    'auth-challenge-affinity': 'a',
    'edge-signaling': 'e',
    'call-routing': 'c',
    'media-control': 'm',
    console: 'k',
  },
  consoleToken: 'console token',
  engineSecret: 'engine secret',
  accounts: {},
};
const host = '127.0.0.1';

function table(environment: Readonly<Record<string, string>> = {}): ProcessSpec[] {
  const config = configOf(environment);
  const isOwnBus = config.natsUrl === undefined;
  return processTable({
    config,
    addresses: {
      host,
      sides: networkSides(config),
      sip: [5060, 5062],
      ws: [5066, 5067],
      listeners: [config.sipListeners, config.sipListeners],
      control: config.engines === undefined ? [9022, 9023] : [],
      engines: config.engines ?? ['127.0.0.1:9022', '127.0.0.1:9023'],
      applications: { sip: 5070, control: 9030, mediaSip: 5080, mediaEventSocket: 8021 },
      nats: isOwnBus ? 4222 : undefined,
      rtpengine: config.rtpengine === undefined ? { port: 2223, media: { min: 30_000, max: 30_999 } } : undefined,
      console: 8060,
    },
    secrets,
    bus: busAddress({ host, port: 4222 }, config.natsUrl, secrets),
    stateDir: '/state',
    natsConfigFile: '/state/nats/nats.conf',
    busProcessors: '3',
  });
}

function find(specs: readonly ProcessSpec[], name: string): ProcessSpec {
  const found = specs.find((spec) => spec.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('the processes of a platform', () => {
  test('are the servers, an engine and an edge for each SIP port, and the replicas of the services', () => {
    expect(table({ CALLWEAVE_REGISTRARS: '3', CALLWEAVE_AUTHS: '1' }).map(({ name }) => name)).toEqual([
      'nats-server',
      'rtpengine',
      'sip-engine-1',
      'sip-engine-2',
      'registrar-1',
      'registrar-2',
      'registrar-3',
      'auth-challenge-affinity-1',
      'call-routing-1',
      'call-routing-2',
      'media-control-1',
      'media-control-2',
      'app-engine',
      'media-engine',
      'app-server',
      'console',
      'edge-signaling-1',
      'edge-signaling-2',
    ]);
  });

  test('no SIP engine is started where others are named, and each edge is given one of them', () => {
    const specs = table({ CALLWEAVE_ENGINES: '10.0.0.3:9022,10.0.0.4:9022', CALLWEAVE_ENGINE_SECRET: 'theirs' });
    expect(specs.filter(({ name }) => name.startsWith('sip-engine'))).toEqual([]);
    expect(find(specs, 'edge-signaling-2').env).toMatchObject({
      CALLWEAVE_ENGINE: '10.0.0.4:9022',
      CALLWEAVE_ENGINE_SECRET: 'theirs',
    });
  });

  test('no server is started that runs elsewhere', () => {
    const specs = table({ CALLWEAVE_NATS_URL: 'nats://me:p%40ss@10.0.0.1:4222', CALLWEAVE_RTPENGINE: '10.0.0.2:2223' });
    expect(specs.some(({ name }) => name === 'nats-server' || name === 'rtpengine')).toBe(false);
    expect(find(specs, 'registrar-1').env).toMatchObject({
      CALLWEAVE_NATS_URL: 'nats://10.0.0.1:4222',
      CALLWEAVE_NATS_USER: 'me',
      CALLWEAVE_NATS_PASSWORD: 'p@ss',
    });
  });

  test.each([
    [1, 1],
    [2, 1],
    [7, 1],
    [8, 2],
    [64, 16],
  ])('of %i processors the bus runs on %i', (all, some) => {
    expect(busShare(all)).toBe(some);
  });

  test('the bus is told on how many processors it may run', () => {
    expect(find(table(), 'nats-server').env).toEqual({ GOMAXPROCS: '3' });
  });

  test('applications are run by a FreeSWITCH elsewhere when it is named, and by no media engine then', () => {
    const settings = { CALLWEAVE_MEDIA_SERVER: '10.0.0.5:8021', CALLWEAVE_MEDIA_ESL_PASSWORD: 'ClueCon' };
    const specs = table(settings);
    expect(specs.filter(({ name }) => name === 'media-engine')).toEqual([]);
    expect(find(specs, 'app-server').env).toMatchObject(settings);
  });

  test('each service has its own user on the bus and its own state directory', () => {
    expect(find(table(), 'auth-challenge-affinity-2').env).toEqual({
      CALLWEAVE_NATS_URL: 'nats://127.0.0.1:4222',
      CALLWEAVE_NATS_USER: 'auth-challenge-affinity',
      CALLWEAVE_NATS_PASSWORD: 'a',
      CALLWEAVE_STATE_DIR: '/state/auth-challenge-affinity-2',
    });
  });

  test('an edge and its engine know each other, and no other pair', () => {
    const specs = table();
    expect(find(specs, 'edge-signaling-2').env).toMatchObject({
      CALLWEAVE_ENGINE: '127.0.0.1:9023',
      CALLWEAVE_ENGINE_SECRET: 'engine secret',
    });
    expect(find(specs, 'sip-engine-2').args(8080).join(' ')).toBe(
      '--noconfig --contact sip:127.0.0.1:5062;transport=udp,tcp --contact sip:127.0.0.1:5067;transport=ws --address 127.0.0.1 --port 9023 ' +
        '--http-port 8080 --loglevel info --offer-unknown-dialogs --app-grace 8000',
    );
  });

  test('no argument of any process is a secret; engines get theirs in the environment', () => {
    const specs = table();
    for (const spec of specs) expect(spec.args(8080).join(' ')).not.toContain(secrets.engineSecret);
    for (const name of ['sip-engine-1', 'sip-engine-2', 'app-engine']) {
      expect(find(specs, name).env).toEqual({ DRACHTIO_SECRET: 'engine secret' });
    }
  });

  test('rtpengine runs in user space and reads no configuration of the system', () => {
    expect(find(table(), 'rtpengine').args(0)).toEqual([
      '--config-file=none',
      '--foreground',
      '--log-stderr',
      '--table=-1',
      '--interface=127.0.0.1',
      '--listen-ng=127.0.0.1:2223',
      '--offer-timeout=660',
      '--port-min=30000',
      '--port-max=30999',
    ]);
  });
});
