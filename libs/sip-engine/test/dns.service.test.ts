import { once } from 'node:events';
import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, type NameServer, openRawPhone, startNameServer } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BenchApp, header, startLine } from './bench.ts';
import { eavesdropOn } from './eavesdropper.ts';
import { Programs } from './programs.ts';
import { answers, expects, scenario } from './sipp-scenario.ts';
import { SkippingClock } from './skipping-clock.ts';

// Each dead peer costs time.
vi.setConfig({ testTimeout: 60_000 });

const undo: (() => unknown)[] = [];
let programs: Programs;
let clock: SkippingClock;

beforeEach(() => {
  programs = new Programs();
  clock = new SkippingClock();
  undo.push(() => programs.stop());
});

afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** A SIPp that answers whatever it is asked, and says who it is. */
interface Peer {
  readonly port: number;
  kill(): Promise<void>;
}

async function startPeer(name: string, steps = [expects('OPTIONS'), named('200 OK', name)]): Promise<Peer> {
  const phone = await openRawPhone();
  const probe = await openRawPhone();
  const { port } = phone;
  phone.close();
  const file = await programs.file(scenario(...steps));
  // Whatever its steps, it answers whoever asks whether it is there.
  const child = await programs.start('sipp', ['-sf', file, '-i', '127.0.0.1', '-p', `${port}`, '-nostdin', '-aa']);
  await expect
    .poll(
      () => {
        const own = { branch: `z9hG4bK${Math.random()}`, callId: `probe${Math.random()}` };
        probe.send(requestText({ method: 'OPTIONS', sentBy: `127.0.0.1:${probe.port}`, ...own }), port);
        return probe.waiting;
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBeGreaterThan(0);
  probe.close();
  const kill = async (): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { port, kill };
}

/** The answer of a SIPp that says who it is. */
function named(status: string, name: string, lines: readonly string[] = []): string {
  return answers(status, { tag: true, lines: [`Server: ${name}`, ...lines] });
}

/** An application, and the engine that looks names up for it. */
async function startApp(dnsServers: readonly string[]): Promise<BenchApp> {
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const, 'tcp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  // What is silent for 8*T1 is given up, so that a dead peer costs 2 s, and the last one 5 s.
  const timers = { t1: 250, t2: 400, t4: 500, t1x64: 5_000 };
  // A generator that every run starts at the same place: Park and Miller's.
  let state = 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const engine: SipEngine = await startSipEngine(
    { contacts, control, timers, dnsServers },
    { clock, log: recordLogs(), random },
  );
  undo.push(() => engine.stop());
  const app = new BenchApp(await connectRawApp(engine.controlPort), new FakeClock());
  undo.push(() => app.close());
  await app.command('authenticate|s|');
  return app;
}

/** Who answers what an application asks of `uri`. */
async function startAsking(dnsServers: readonly string[]): Promise<(uri: string) => Promise<string>> {
  const app = await startApp(dnsServers);
  return async (uri) => {
    const reply = await app.request(`OPTIONS ${uri}`);
    if (reply.tokens[3] === 'NOK') return reply.tokens[4] ?? '';
    const { text } = await app.told();
    return header(text, 'Server') || startLine(text);
  };
}

async function serve(records: readonly string[]): Promise<NameServer> {
  const server = await startNameServer(records);
  undo.push(() => server.kill());
  return server;
}

describe('with a DNS server, NSD, and peers, SIPp,', () => {
  test('a request goes to the best server there is, and to a worse one when all better ones have died', async () => {
    const peers = [await startPeer('best'), await startPeer('worse'), await startPeer('worst')];
    const dns = await serve([
      '@ NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp',
      ...peers.map(({ port }, at) => `_sip._udp SRV ${at + 1} 10 ${port} host`),
      'host A 127.0.0.1',
    ]);
    const ask = await startAsking([dns.address]);
    expect(await ask('sip:example.test')).toBe('best');
    await peers[0]?.kill();
    expect(await ask('sip:example.test')).toBe('worse');
    expect(await ask('sip:example.test')).toBe('worse');
    await peers[1]?.kill();
    expect(await ask('sip:example.test')).toBe('worst');
    await peers[2]?.kill();
    expect(await ask('sip:example.test')).toBe('SIP/2.0 408 Request Timeout');
  });

  test('a request in a dialog goes to the next of the servers behind a Record-Route when the one before has died', async () => {
    const route = 'Record-Route: <sip:example.test;lr>';
    const first = await startPeer('first', [expects('INVITE'), named('200 OK', 'first', [route]), expects('ACK')]);
    const second = await startPeer('second', [expects('BYE'), named('200 OK', 'second')]);
    const dns = await serve([
      ...[first, second].map(({ port }, at) => `_sip._udp SRV ${at + 1} 10 ${port} host`),
      'host A 127.0.0.1',
    ]);
    const app = await startApp([dns.address]);
    await app.request('INVITE sip:bob@example.test');
    const { dialogId, text } = await app.told();
    expect([startLine(text), header(text, 'Server')]).toEqual(['SIP/2.0 200 OK', 'first']);
    await first.kill();
    await app.request('BYE sip:placeholder', { about: `|${dialogId}` });
    const { text: answer } = await app.told();
    expect([startLine(answer), header(answer, 'Server')]).toEqual(['SIP/2.0 200 OK', 'second']);
  });

  test('load is shared as the weights say', async () => {
    const [heavy, light] = [await startPeer('heavy'), await startPeer('light')];
    const dns = await serve([
      `_sip._udp SRV 1 300 ${heavy.port} host`,
      `_sip._udp SRV 1 100 ${light.port} host`,
      'host A 127.0.0.1',
    ]);
    const ask = await startAsking([dns.address]);
    const count = { heavy: 0, light: 0 };
    for (let n = 0; n < 200; n++) count[(await ask('sip:example.test')) as keyof typeof count]++;
    expect(count.heavy + count.light).toBe(200);
    expect(count.heavy).toBeGreaterThan(120);
    expect(count.heavy).toBeLessThan(180);
  });

  test('what it said, also that there is nothing, is asked for again when its time is over', async () => {
    const peer = await startPeer('peer');
    const dns = await serve([`_sip._udp SRV 1 0 ${peer.port} host`, 'host 20 A 127.0.0.1']);
    const spy = await eavesdropOn(dns);
    undo.push(() => spy.close());
    const ask = await startAsking([spy.address]);
    const everything = ['A host', 'NAPTR', 'SRV _sip._tcp', 'SRV _sip._udp'];
    // A question that is not answered in time is asked again.
    const asked = (): string[] => {
      const questions = spy.asked.splice(0).map((question) => question.replace(/\.?example\.test$/, '').trim());
      return [...new Set(questions)].sort();
    };
    expect(await ask('sip:example.test')).toBe('peer');
    expect(asked()).toEqual(everything);
    expect([await ask('sip:example.test'), asked()]).toEqual(['peer', []]);
    clock.skip(21_000);
    expect([await ask('sip:example.test'), asked()]).toEqual(['peer', ['A host']]);
    // The zone's own word on what it has not is 60 s.
    clock.skip(41_000);
    expect([await ask('sip:example.test'), asked()]).toEqual(['peer', ['A host', 'NAPTR', 'SRV _sip._tcp']]);
    expect(await ask('sip:nobody.example.test:5060')).toBe('can not resolve nobody.example.test');
    expect(await ask('sip:nobody.example.test:5060')).toBe('can not resolve nobody.example.test');
    expect(asked()).toEqual(['A nobody']);
  });

  test('calls go on when it has died, and when only the second of two is alive', async () => {
    const peer = await startPeer('peer');
    const records = [`_sip._udp SRV 1 0 ${peer.port} host`, 'host A 127.0.0.1'];
    const [first, second] = [await serve(records), await serve(records)];
    const ask = await startAsking([first.address, second.address]);
    await first.kill();
    expect(await ask('sip:example.test')).toBe('peer');
    await second.kill();
    clock.skip(301_000);
    expect(await ask('sip:example.test')).toBe('peer');
  });

  test('an answer too long for a datagram is asked for by TCP', async () => {
    const peer = await startPeer('peer');
    const many = Array.from({ length: 60 }, (_, at) => `_sip._udp SRV 2 0 1 a-rather-long-name-of-a-server-${at}`);
    const dns = await serve([...many, `_sip._udp SRV 1 0 ${peer.port} host`, 'host A 127.0.0.1']);
    const ask = await startAsking([dns.address]);
    expect(await ask('sip:example.test;transport=udp')).toBe('peer');
  });
});
