import { type Cdr, defaultTenant, routeCall } from '@callweave/contracts';
import { answerChallenge, parseDigestChallenge, serializeCredentials } from '@callweave/sip';
import { expect, test } from 'vitest';
import { callDetailRecords } from '../support/call-facts.ts';
import { freePhonePort } from '../support/free-port.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { rawRequest } from '../support/raw-request.ts';
import { runSipp, type SippResult } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { talks } from '../support/talk.ts';
import { openUdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

const phones = new PhonePlatform();

/** The record of the one call that `call` makes, once there is one. */
async function recordOf(call: () => Promise<unknown>): Promise<Cdr> {
  const before = (await callDetailRecords(phones.bus)).length;
  await call();
  await until('the call is recorded', async () => (await callDetailRecords(phones.bus)).length > before);
  const [record, ...more] = (await callDetailRecords(phones.bus)).slice(before);
  if (record === undefined || more.length > 0) throw new Error('one call has several records');
  return record;
}

async function account(prefix: string): Promise<LoadAccount> {
  const [made] = await addSubscribers(phones.bus, prefix, 1);
  if (made === undefined) throw new Error('no account');
  return made;
}

/** A port of a SIPp phone that is registered. */
async function registered(who: LoadAccount): Promise<number> {
  const localPort = await freePhonePort();
  const about = { remote: phones.edge, calls: 1, localPort, lines: sippLines([who]) };
  expect(await runSipp({ ...about, scenario: 'register' })).toMatchObject({ successful: 1 });
  return localPort;
}

interface Told {
  /** What From of the INVITE says, what else is in it, and what is not: regular expressions. */
  readonly from: string;
  readonly told: string;
  readonly untold: string;
  /** Why the other side hung up, Q.850. */
  readonly cause?: string;
}

interface Says {
  readonly target: string;
  readonly from: string;
  /** Header lines. */
  readonly says: readonly string[];
}

/** A call of a SIPp phone that says such things to one that is told others; both runs went as their scenarios say. */
async function call(
  caller: LoadAccount,
  callee: LoadAccount,
  { cause = '31', ...told }: Told,
  says: Says,
): Promise<void> {
  const about = { remote: phones.edge, calls: 1, timeoutSec: 30 };
  const localPort = await registered(callee);
  const answering = runSipp({ ...about, scenario: 'answer-told', localPort, keys: { ...told, cause } });
  const keys = { ...says, says: says.says.join('\n') };
  const calling = runSipp({ ...about, scenario: 'call-as', keys, lines: sippLines([caller]), talkMs: 100 });
  const runs: readonly SippResult[] = await Promise.all([calling, answering]);
  expect(runs.map(({ successful, errors }) => [successful, errors])).toEqual([
    [1, ''],
    [1, ''],
  ]);
}

test('a phone learns who has proved to be calling, not whom the caller names; why he hangs up it learns from him', async () => {
  const [caller, callee] = [await account('caller'), await account('callee')];
  const record = await recordOf(() =>
    call(
      caller,
      callee,
      {
        from: `sip:${caller.user}@`,
        told: `P-Asserted-Identity: *.sip:${caller.user}@`,
        untold: 'boss|Remote-Party-ID|P-Preferred-Identity',
      },
      {
        target: `sip:${callee.user}@${phones.edge}`,
        from: `"boss" <sip:${caller.user}@${phones.edge}>`,
        says: [
          'P-Asserted-Identity: "The boss" <sip:boss@example.org>',
          'P-Preferred-Identity: <sip:boss@example.org>',
          'Remote-Party-ID: <sip:boss@example.org>;party=calling',
        ],
      },
    ),
  );
  expect(record).toMatchObject({
    source: { kind: 'user', user: caller.user },
    dialled: callee.user,
    cause: { by: 'caller', reason: 'hang-up', q850: 31 },
    legs: [
      { role: 'caller', user: caller.user },
      { role: 'callee', user: callee.user, sipStatus: 200 },
    ],
  });
});

test('a caller who withholds who he is is nobody at the phone, and himself in the record', async () => {
  const [caller, callee] = [await account('hidden'), await account('asked')];
  const record = await recordOf(() =>
    call(
      caller,
      callee,
      {
        from: 'sip:anonymous@anonymous.invalid',
        told: '^INVITE',
        untold: `${caller.user}|P-Asserted-Identity|Privacy`,
      },
      {
        target: `sip:${callee.user}@${phones.edge}`,
        from: '"Anonymous" <sip:anonymous@anonymous.invalid>',
        says: ['Privacy: id', `P-Preferred-Identity: <sip:${caller.user}@${phones.edge}>`],
      },
    ),
  );
  expect(record).toMatchObject({ source: { kind: 'user', user: caller.user }, dialled: callee.user });
});

test('numbers are the same however they are written: with separators, as tel: URIs of a caller and of a forwarding phone', async () => {
  const [caller, forwarder, callee] = [await account('+1201555'), await account('+4930'), await account('+4940')];
  const forwarderPort = await registered(forwarder);
  const tel = `tel:${callee.user.slice(0, 3)}-(${callee.user.slice(3)})`;
  const about = { remote: phones.edge, calls: 1, timeoutSec: 30 };
  const forwarding = runSipp({ ...about, scenario: 'forward', localPort: forwarderPort, keys: { to: tel } });
  const record = await recordOf(() =>
    call(
      caller,
      callee,
      {
        from: `sip:.${caller.user.slice(1)}@[^>]*;user=phone`,
        told: `Diversion: .sip:.${forwarder.user.slice(1)}@`,
        untold: 'tel:',
      },
      {
        target: `sip:${forwarder.user.slice(0, 3)}.${forwarder.user.slice(3)}@${phones.edge};user=phone`,
        from: `<tel:${caller.user.slice(0, 2)}-${caller.user.slice(2)}>`,
        says: ['Subject: a number'],
      },
    ),
  );
  expect(await forwarding).toMatchObject({ successful: 1 });
  expect(record).toMatchObject({
    source: { user: caller.user },
    dialled: forwarder.user,
    legs: [{ role: 'caller' }, { user: forwarder.user, sipStatus: 302 }, { user: callee.user, sipStatus: 200 }],
  });
});

test('a tel: URI as a target is asked for credentials like any other, and a number nobody has is not found', async () => {
  const caller = await account('teller');
  const uri = 'tel:+49-(40)-404';
  const peer = await openUdpPeer(phones.edge);
  const ask = (cseq: number, credentials?: string): void => {
    const headers = {
      From: `<sip:${caller.user}@example.org>;tag=1`,
      To: `<${uri}>`,
      CSeq: `${String(cseq)} INVITE`,
      ...(credentials === undefined ? {} : { 'Proxy-Authorization': credentials }),
    };
    peer.send(rawRequest({ method: 'INVITE', uri, from: peer.address, headers }));
  };
  try {
    ask(1);
    const header = /^Proxy-Authenticate: ([^\r\n]*)/m.exec(await peer.waitFor('SIP/2.0 407'))?.[1] ?? '';
    const answer = { username: caller.user, password: caller.password, method: 'INVITE', uri, cnonce: 'c' };
    const credentials = answerChallenge(parseDigestChallenge(header), answer);
    const record = await recordOf(async () => {
      ask(2, credentials && serializeCredentials(credentials));
      expect(await peer.waitFor('SIP/2.0 404')).toContain('Reason: Q.850;cause=1;');
    });
    expect(record).toMatchObject({ dialled: '+4940404', cause: { by: 'platform', reason: 'not-found', q850: 1 } });
  } finally {
    peer.close();
  }
});

test('the record of a call has its times, its end and what was heard of each phone', async () => {
  const alice = await phones.phone('alice', { toneHz: 500 });
  const bob = await phones.phone('bob', { toneHz: 1000, answers: false });
  const callOf = (nth: number): Promise<Cdr> =>
    recordOf(async () => {
      phones.dial(alice, 'bob');
      await Promise.all([alice.waitFor('CALL_RINGING', nth), bob.waitFor('CALL_INCOMING', nth)]);
      bob.command('accept');
      await Promise.all([hears(alice, 1000), hears(bob, 500)]);
      // What they have heard may be of the call before.
      await Promise.all([talks(phones, 'caller'), talks(phones, 'callee')]);
      bob.command('hangup');
      await alice.waitFor('CALL_CLOSED', nth);
    });
  let record = await callOf(1);
  // When media-control answers late another replica is asked, which has nothing left to count.
  for (let nth = 2; nth <= 3 && record.legs.some(({ media }) => media === undefined); nth++) record = await callOf(nth);
  const { initiatedAt, ringingAt = 0, answeredAt = 0, endedAt, pddMs, setupMs, talkMs, legs, node } = record;
  expect(record.cause).toEqual({ by: 'callee', reason: 'hang-up', q850: 16 });
  expect([pddMs, setupMs, talkMs]).toEqual([ringingAt - initiatedAt, answeredAt - initiatedAt, endedAt - answeredAt]);
  expect(initiatedAt < ringingAt && ringingAt <= answeredAt && answeredAt < endedAt).toBe(true);
  expect(legs).toMatchObject([
    { role: 'caller', user: 'alice', device: expect.stringContaining('sip:alice') as string },
    { role: 'callee', user: 'bob', sipStatus: 200 },
  ]);
  expect(legs[0]?.userAgent).toContain('baresip');
  // Two seconds of speech are a hundred packets of 172 bytes; what rtpengine counts is what went over the wire.
  for (const { media } of legs) {
    expect(media?.packets).toBeGreaterThan(50);
    expect(media?.bytes).toBeGreaterThan(50 * 160);
    expect(media?.errors).toBe(0);
  }
  expect(node).toBeDefined();
});

/** Sets with `callweave users forward` where calls of a user go, and waits until every replica routes by it. */
async function forward(user: string, ...options: string[]): Promise<void> {
  expect(await phones.platform.cli('users', 'forward', user, ...options)).toMatchObject({ code: 0 });
  const question = { tenant: defaultTenant, callId: '0'.repeat(26), source: { kind: 'app-server' }, dialled: user };
  let inARow = 0;
  await until(`calls of ${user} go on`, async () => {
    const subject = routeCall.subject({ tenant: defaultTenant });
    const asked = JSON.stringify({ ...question, domain: 'd' });
    const answer = await phones.bus.nc.request(subject, asked, { timeout: 10_000 });
    inARow = answer.string().includes('forwards') ? inARow + 1 : 0;
    return inARow > 20;
  });
}

test('calls of a user go where he has set when he is busy, does not answer in his time, and is away', async () => {
  const [busy, unanswered, unreachable] = [await account('busy'), await account('late'), await account('away')];
  const settings = ['--busy', busy.user, '--unanswered', unanswered.user, '--unreachable', unreachable.user];
  await forward('bob', ...settings, '--ring', '8');
  const alice = await phones.phone('alice');
  const bob = await phones.phone('bob', { answers: false });
  let calls = 0;
  const goesTo = async (callee: LoadAccount, reason: string, rings: () => Promise<void>): Promise<void> => {
    const localPort = await registered(callee);
    const told = { from: 'sip:alice@', told: `Diversion: .sip:bob@[^;]*;reason=${reason}`, untold: 'boss' };
    const about = { remote: phones.edge, calls: 1, timeoutSec: 30, localPort, keys: { ...told, cause: '16' } };
    const answering = runSipp({ ...about, scenario: 'answer-told' });
    const record = await recordOf(async () => {
      calls += 1;
      phones.dial(alice, 'bob');
      await rings();
      await alice.waitFor('CALL_ESTABLISHED', calls);
      alice.command('hangup');
      expect(await answering).toMatchObject({ successful: 1, errors: '' });
    });
    const by = { dialled: 'bob', cause: { by: 'caller', reason: 'hang-up' } };
    expect(record).toMatchObject({ ...by, forwardings: [{ by: 'bob', to: callee.user, reason }] });
    expect(record.legs.at(-1)).toMatchObject({ user: callee.user, sipStatus: 200 });
  };
  await goesTo(busy, 'user-busy', async () => {
    await bob.waitFor('CALL_INCOMING', calls);
    bob.command('hangup');
  });
  await goesTo(unanswered, 'no-answer', async () => {
    await bob.waitFor('CALL_INCOMING', calls);
  });
  await bob.quit();
  await goesTo(unreachable, 'unavailable', () => Promise.resolve());
});

test('users who send their calls on to each other get none of them, and the caller is told why', async () => {
  const [here, there] = [await account('here'), await account('there')];
  await Promise.all([forward(here.user, '--always', there.user), forward(there.user, '--always', here.user)]);
  const alice = await phones.phone('alice');
  const record = await recordOf(async () => {
    phones.dial(alice, here.user);
    expect((await alice.waitFor('CALL_CLOSED')).param).toContain('482');
  });
  expect(record).toMatchObject({ talkMs: 0, cause: { by: 'platform', sipStatus: 482, q850: 25 } });
});
