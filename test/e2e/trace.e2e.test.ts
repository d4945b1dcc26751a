import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bucket, type Connection } from '@callweave/bus';
import { readFacts } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import { callsBucket } from '@callweave/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Baresip } from '../support/baresip.ts';
import { freePhonePort } from '../support/free-port.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { registeredPhone } from '../support/phone-platform.ts';
import { type Platform, startPlatform } from '../support/platform.ts';
import { rawRequest } from '../support/raw-request.ts';
import { spanTree } from '../support/span-tree.ts';
import { openUdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

let port: number;
let receiver: OtlpReceiver | undefined;
let platform: Platform;
let alice: Baresip;
let bob: Baresip;

beforeAll(async () => {
  port = await freePhonePort();
  platform = await startPlatform({
    CALLWEAVE_OTLP_URL: `http://127.0.0.1:${String(port)}`,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  const once = { regintSec: 3_600 };
  alice = await registeredPhone(platform, 'alice', once);
  bob = await registeredPhone(platform, 'bob', once);
});

afterAll(async () => {
  await Promise.all([alice, bob].map((each) => each.quit()));
  await platform.stop();
  await receiver?.close();
});

/** alice calls, is answered, and hangs up. */
async function call(user: string): Promise<void> {
  const before = alice.events.filter(({ type }) => type === 'CALL_ESTABLISHED').length;
  alice.command('dial', `sip:${user}@${platform.sip[0] ?? ''}`);
  await alice.waitFor('CALL_ESTABLISHED', before + 1);
  alice.command('hangup');
  await alice.waitFor('CALL_CLOSED', before + 1);
}

/** Trace ids in the records of legs that there are now. */
async function legTraces(bus: Connection): Promise<string[]> {
  const records = await new Bucket(callsBucket, bus, systemClock).list();
  return records.flatMap(({ value }) => {
    const dialogs = value.kind === 'call' ? (value.call.dialogs ?? []) : [];
    return dialogs.map(({ traceparent }) => traceparent?.slice(3, 35) ?? '');
  });
}

/** Traces in which something of this name was done, in the order in which they arrived. */
function tracesWith(name: string): string[] {
  return [...new Set((receiver?.spans ?? []).filter((span) => span.name === name).map(({ traceId }) => traceId))];
}

/** Waits until the `nth` trace in which something of this name was done looks as `expected`: of an answered call, talk. */
async function expectTree(nth: number, expected: readonly string[], name = 'talk'): Promise<void> {
  const tree = (): string[] => spanTree(receiver?.spans ?? [], tracesWith(name)[nth] ?? '');
  await expect.poll(() => tree().filter((line) => !isLuck(line)), { timeout: 30_000 }).toEqual(expected);
}

/** Who ends the call between app-server and media server, and what a replica has to read, is a matter of luck. */
function isLuck(line: string): boolean {
  return /^ {8,}app-server [<>] SIP BYE$| > kv /.test(line);
}

const takenOn = [
  '  edge-signaling > rpc.auth.verify',
  '    auth-challenge-affinity < rpc.auth.verify',
  '  edge-signaling > rpc.media.answer',
  '    media-control < rpc.media.answer',
  '      media-control > ng answer',
  '  edge-signaling > rpc.media.offer',
  '    media-control < rpc.media.offer',
  '      media-control > ng offer',
];
const released = [
  '    edge-signaling > rpc.media.delete',
  '      media-control < rpc.media.delete',
  '        media-control > ng delete',
  '        media-control > ng query',
  '    edge-signaling >> publish call.v1.ended',
  '    edge-signaling >> publish cdr.v1.recorded',
];

const callOfTwoPhones = [
  'edge-signaling < SIP INVITE',
  '  edge-signaling . talk',
  '  edge-signaling < SIP BYE',
  '    edge-signaling > SIP BYE',
  ...released,
  '  edge-signaling > SIP INVITE',
  ...takenOn,
  '  edge-signaling > rpc.routing.route',
  '    call-routing < rpc.routing.route',
  '  edge-signaling >> publish call.v1.answered',
  '  edge-signaling >> publish call.v1.initiated',
  '  edge-signaling >> publish call.v1.ringing',
  '  edge-signaling >> publish call.v1.routed',
];

const callOfAnApplication = [
  'edge-signaling < SIP INVITE',
  '  edge-signaling . talk',
  '  edge-signaling < SIP BYE',
  '    edge-signaling > SIP BYE',
  '      app-server < SIP BYE',
  '        app-server > esl hangup',
  ...released,
  '  edge-signaling > SIP INVITE',
  '    app-server < SIP INVITE',
  '      app-server . application echo',
  '        app-server > esl execute',
  '      app-server > esl create',
  '        app-server > SIP INVITE',
  ...takenOn,
  '  edge-signaling > rpc.routing.route',
  '    call-routing < rpc.routing.route',
  '  edge-signaling >> publish call.v1.answered',
  '  edge-signaling >> publish call.v1.initiated',
  '  edge-signaling >> publish call.v1.routed',
];

const registration = [
  'edge-signaling < SIP REGISTER',
  '  edge-signaling > rpc.auth.verify',
  '    auth-challenge-affinity < rpc.auth.verify',
  '  edge-signaling > rpc.registrar.register',
  '    registrar < rpc.registrar.register',
  '      registrar >> publish registration.v1.added',
];

describe('while nobody receives traces', () => {
  test('calls go through as ever, and the doctor knows', async () => {
    await call('bob');
    expect((await platform.cli('doctor')).output).toContain('✗ traces');
  });

  test('they are kept, and arrive whole when somebody does', async () => {
    receiver = await startOtlpReceiver(port);
    await expectTree(0, callOfTwoPhones);
    const added = 'publish registration.v1.added';
    await until('both registrations', () => tracesWith(added).length === 2, 30_000);
    for (const nth of [0, 1]) await expectTree(nth, registration, added);
    await expect
      .poll(() => tracesWith('kv write location').sort(), { timeout: 30_000 })
      .toEqual(tracesWith(added).sort());
    expect((await platform.cli('doctor')).output).toContain('✓ traces');
  });
});

describe('a call', () => {
  test('to an application is one trace through edge, bus, services, SIP and the event socket', async () => {
    await call('echo');
    await expectTree(1, callOfAnApplication);
  });

  test('that is refused is a trace too, with the answer the caller got', async () => {
    alice.command('dial', `sip:nobody@${platform.sip[0] ?? ''}`);
    await until('its end is told', () => tracesWith('publish call.v1.failed').length === 1);
    const [traceId = ''] = tracesWith('publish call.v1.failed');
    const root = (): ReceivedSpan | undefined =>
      receiver?.spans.find((span) => span.traceId === traceId && span.name === 'SIP INVITE');
    await until('its root arrives', () => root() !== undefined);
    expect(root()?.attributes).toMatchObject({
      'sip.response.status_code': '404',
      'callweave.call.reason': 'not-found',
      'callweave.tenant': 'default',
    });
  });

  test('has its trace id in its facts and in the log', async () => {
    const calls = [...tracesWith('talk'), ...tracesWith('publish call.v1.failed')];
    const facts = await readFacts(await platform.bus(), 'CALLS', 'callweave.call.v1.>');
    const told = new Set(facts.map(({ event }) => event.traceparent?.slice(3, 35)));
    expect([...told]).toEqual(calls);
    const log = readFileSync(join(platform.stateDir, 'logs/app-server.log'), 'utf8').split('\n');
    const line = log.find((text) => text.includes('call.answered')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ traceId: calls[1] });
  });

  test('leaves its trace in the records of its legs, for another edge to go on with', async () => {
    const bus = await platform.bus();
    const before = alice.events.filter(({ type }) => type === 'CALL_ESTABLISHED').length;
    alice.command('dial', `sip:bob@${platform.sip[0] ?? ''}`);
    await alice.waitFor('CALL_ESTABLISHED', before + 1);
    const earlier = tracesWith('talk');
    let recorded: string[] = [];
    await until('both legs are recorded', async () => {
      // Those of calls that are over stay for a while.
      recorded = (await legTraces(bus)).filter((trace) => !earlier.includes(trace));
      return recorded.length === 2;
    });
    alice.command('hangup');
    await until('the call is over', () => tracesWith('talk').length > earlier.length);
    const trace = tracesWith('talk').at(-1);
    expect(recorded).toEqual([trace, trace]);
  });

  test('says of its parties no more than addresses', () => {
    const names = receiver?.spans
      .map(({ attributes }) => JSON.stringify(attributes))
      .filter((text) => /alice|bob/.test(text));
    expect(names).toEqual([]);
  });
});

test('what a phone says of a trace is not believed', async () => {
  const stranger = '0af7651916cd43dd8448eb211c80319c';
  const peer = await openUdpPeer(platform.sip[0] ?? '');
  const before = tracesWith('SIP OPTIONS').length;
  const traceparent = `00-${stranger}-b7ad6b7169203331-01`;
  const headers = { 'X-Traceparent': traceparent, traceparent };
  peer.send(rawRequest({ method: 'OPTIONS', uri: `sip:${platform.sip[0] ?? ''}`, from: peer.address, headers }));
  await peer.waitFor('SIP/2.0 200');
  peer.close();
  await until('its trace arrives', () => tracesWith('SIP OPTIONS').length > before);
  expect(receiver?.spans.filter(({ traceId }) => traceId === stranger)).toEqual([]);
});
