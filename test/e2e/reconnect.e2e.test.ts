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
/** Two edges behind one address of UDP, and one of WebSockets. */
let edges: readonly EdgePair[] = [];
let ports: { sip: number; ws: number };
let udp: UdpRouter;
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
  ws = await openTcpSwitch(LOOPBACK, ports.ws, at(0, ports.ws));
  bob = await phone('bob');
}, 120_000);

afterEach(async () => {
  await bob.quit();
  await until(
    'nothing is left of any call',
    async () => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0,
  );
  for (const each of [udp, ws]) each.close();
  await Promise.all(edges.map((edge) => edge.stop()));
});

function startEdge(host: string): Promise<EdgePair> {
  const flags = ['--contact', `sip:${host}:${String(ports.ws)};transport=ws`, '--external-ip', SHARED];
  return startEdgePair(platform, { host, port: ports.sip, externalIp: SHARED, flags });
}

function at(edge: 0 | 1, port: number): string {
  return `${OWN[edge]}:${String(port)}`;
}

/** Leads everybody who comes from now on to the second edge. */
function leadAway(): void {
  udp.routeTo(at(1, ports.sip));
  ws.leadTo(at(1, ports.ws));
}

function account(user: string): { user: string; password: string } {
  const found = platform.accounts.find((known) => known.user === user);
  if (found === undefined) throw new Error(`no account ${user}`);
  return found;
}

async function phone(user: string): Promise<Baresip> {
  const registrar = `${SHARED}:${String(ports.sip)}`;
  const opened = await startBaresip({ ...account(user), registrar, toneHz: PHONE_HZ });
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

/** Waits until this is the latest event of the one call since the test began; all of them. */
async function toldUntil(kind: string): Promise<string[]> {
  const told = async (): Promise<string[]> => [...(await callKinds(bus)).values()][before] ?? [];
  await until(`${kind} is told`, async () => (await told()).at(-1) === kind, 60_000);
  expect(await callKinds(bus)).toHaveProperty('size', before + 1);
  return told();
}

test('a browser whose edge dies connects and registers anew, is put on hold and taken back, and is hung up on', async () => {
  const alice = await webPhone();
  await alice.call('bob');
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
  leadAway();
  await edges[0]?.kill();
  await alice.waitFor('registered', 2);
  bob.command('hold');
  await alice.waitFor('held by remote');
  await toldUntil('held');
  bob.command('resume');
  await alice.waitFor('resumed by remote');
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await toldUntil('ended')).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'resumed', 'ended']);
  await alice.close();
}, 180_000);

test('a browser that is called by way of another edge, and whose own dies, comes back and is hung up on', async () => {
  const alice = await webPhone();
  udp.routeTo(at(1, ports.sip));
  bob.command('dial', `sip:alice@${SHARED}:${String(ports.sip)}`);
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
  await Promise.all([alice.hears(PHONE_HZ), hears(bob, BROWSER_HZ)]);
  leadAway();
  await edges[0]?.kill();
  await alice.waitFor('registered', 2);
  bob.command('hold');
  await alice.waitFor('held by remote');
  await toldUntil('held');
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await toldUntil('ended')).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
  await alice.close();
}, 180_000);

test('a browser that comes back by way of another edge, while its own lives on, is still in its call', async () => {
  const alice = await webPhone();
  await alice.call('bob');
  await Promise.all([alice.waitFor('established'), bob.waitFor('CALL_ESTABLISHED')]);
  leadAway();
  ws.hangUp();
  await alice.waitFor('registered', 2);
  // Its engine waits 10 s for it.
  await until('its own edge has given the connection up', () => edges[0]?.logs().includes('call.followed') === true);
  bob.command('hold');
  await alice.waitFor('held by remote');
  await toldUntil('held');
  bob.command('hangup');
  await alice.waitFor('ended by remote');
  expect(await toldUntil('ended')).toEqual(['initiated', 'routed', 'ringing', 'answered', 'held', 'ended']);
  await alice.close();
}, 180_000);
