import { type Connection } from '@callweave/bus';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Baresip, startBaresip } from '../support/baresip.ts';
import { callKinds, openCalls } from '../support/call-facts.ts';
import { type EdgePair, startEdgePair } from '../support/edge-pair.ts';
import { freePort, freePortOn } from '../support/free-port.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { hears } from '../support/phone-platform.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { openTcpSwitch, type TcpSwitch } from '../support/tcp-switch.ts';
import { openUdpRouter, type UdpRouter } from '../support/udp-router.ts';
import { until } from '../support/until.ts';
import { startWebPhones, type WebPhone, type WebPhones } from '../support/web-phone.ts';

const SHARED = '127.0.0.10';
const LOOPBACK = '127.0.0.1';
const OWN = ['127.0.0.11', '127.0.0.12'] as const;
const BROWSER_HZ = 700;
const PHONE_HZ = 1_000;

let platform: Platform;
let bus: Connection;
let browser: WebPhones | undefined;
/** Two edges behind one address, of UDP, TCP and WebSockets. */
let edges: readonly EdgePair[] = [];
let ports: { sip: number; ws: number };
let udp: UdpRouter;
let tcp: TcpSwitch;
let ws: TcpSwitch;
let bob: Baresip;
let before = 0;

beforeAll(async () => {
  platform = await startPlatform();
  bus = await platform.bus();
  browser = await startWebPhones(BROWSER_HZ);
});

afterAll(async () => {
  await browser?.close();
  await platform.stop();
});

beforeEach(async () => {
  before = (await callKinds(bus)).size;
  ports = { sip: await freePortOn([SHARED, ...OWN]), ws: await freePort() };
  edges = await Promise.all(OWN.map((host) => startEdge(host)));
  udp = await openUdpRouter({ host: SHARED, port: ports.sip }, at(0, ports.sip));
  tcp = await openTcpSwitch(SHARED, ports.sip, at(0, ports.sip));
  ws = await openTcpSwitch(LOOPBACK, ports.ws, at(0, ports.ws));
  bob = await phone('bob', 'udp');
}, 120_000);

afterEach(async () => {
  await bob.quit();
  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
  );
  for (const each of [udp, tcp, ws]) each.close();
  await Promise.all(edges.map((edge) => edge.stop()));
});

function startEdge(host: string): Promise<EdgePair> {
  const contact = (port: number, transport: string): string[] => [
    ...['--contact', `sip:${host}:${String(port)};transport=${transport}`],
    ...['--external-ip', SHARED],
  ];
  const flags = [...contact(ports.sip, 'tcp'), ...contact(ports.ws, 'ws')];
  return startEdgePair(platform, { host, port: ports.sip, externalIp: SHARED, flags });
}

function at(edge: 0 | 1, port: number): string {
  return `${OWN[edge]}:${String(port)}`;
}

/** Leads everybody who comes from now on to the second edge. */
function leadAway(): void {
  udp.routeTo(at(1, ports.sip));
  tcp.leadTo(at(1, ports.sip));
  ws.leadTo(at(1, ports.ws));
}

function account(user: string): { user: string; password: string } {
  const found = platform.accounts.find((known) => known.user === user);
  if (found === undefined) throw new Error(`no account ${user}`);
  return found;
}

async function phone(user: string, transport: 'udp' | 'tcp', regintSec = 600): Promise<Baresip> {
  const registrar = `${SHARED}:${String(ports.sip)}`;
  const opened = await startBaresip({ ...account(user), registrar, transport, regintSec, toneHz: PHONE_HZ });
  await opened.waitFor('REGISTER_OK');
  return opened;
}

async function webPhone(): Promise<WebPhone> {
  const server = `ws://${LOOPBACK}:${String(ports.ws)}`;
  const opened = await browser?.open({ ...account('alice'), domain: SHARED, server });
  if (opened === undefined) throw new Error('no browser');
  await opened.waitFor('registered');
  return opened;
}

/** The events of the one call since the test began, when it is over. */
async function toldOfTheCall(): Promise<string[]> {
  const told = async (): Promise<string[]> => [...(await callKinds(bus)).values()][before] ?? [];
  await until('the call is over', async () => /ended|failed/.test((await told()).at(-1) ?? ''), 60_000);
  expect(await callKinds(bus)).toHaveProperty('size', before + 1);
  return told();
}

test('a browser whose edge dies connects and registers anew, is put on hold and taken back, and is hung up on', async () => {
  const alice = await webPhone();
  await alice.call('bob');
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]).catch(async (e) => {
    console.log(
      await alice.page.evaluate('phone.events'),
      JSON.stringify(bob.events.map(({ type }) => type)),
      edges[0]?.logs().slice(-3000),
    );
    throw e;
  });
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
  leadAway();
  await edges[0]?.kill();
  await alice.waitFor('registered', 2);
  bob.command('hold');
  await alice.waitFor('held by remote');
  bob.command('resume');
  await alice.waitFor('resumed by remote');
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await toldOfTheCall()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
  await alice.close();
}, 180_000);

test('a phone on TCP whose edge dies connects and registers anew, and is hung up on', async () => {
  const alice = await phone('alice', 'tcp', 5);
  bob.command('dial', `sip:alice@${SHARED}:${String(ports.sip)}`);
  await Promise.all([alice.waitFor('CALL_ESTABLISHED'), bob.waitFor('CALL_ESTABLISHED')]);
  await hears(bob, PHONE_HZ);
  leadAway();
  await edges[0]?.kill();
  const registered = alice.events.filter(({ type }) => type === 'REGISTER_OK').length;
  const isBack = (): boolean => alice.events.filter(({ type }) => type === 'REGISTER_OK').length > registered;
  const started = performance.now();
  await until('alice is registered again', isBack, 100_000);
  console.log('back after', performance.now() - started, JSON.stringify(alice.events.map(({ type }) => type)));
  bob.command('hangup');
  await alice.waitFor('CALL_CLOSED');
  expect(await toldOfTheCall()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
  await alice.quit();
}, 180_000);

test('a browser that comes back by way of another edge, while its own lives on, is still in its call', async () => {
  const alice = await webPhone();
  await alice.call('bob');
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]).catch(async (e) => {
    console.log(
      await alice.page.evaluate('phone.events'),
      JSON.stringify(bob.events.map(({ type }) => type)),
      edges[0]?.logs().slice(-3000),
    );
    throw e;
  });
  leadAway();
  ws.hangUp();
  await alice.waitFor('registered', 2);
  // Its engine waits 10 s for it.
  await until('its own edge has given the connection up', () => edges[0]?.logs().includes('call.followed') === true);
  bob.command('hold');
  await alice.waitFor('held by remote');
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await toldOfTheCall()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
  await alice.close();
}, 180_000);
