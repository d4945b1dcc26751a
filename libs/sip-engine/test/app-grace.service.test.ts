import { FakeClock } from '@callweave/clock/testing';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const GRACE_MS = 8_000;

let engine: SipEngine;
let phone: RawPhone;
let clock: FakeClock;
const apps: RawApp[] = [];

beforeEach(async () => {
  clock = new FakeClock();
  const options = {
    contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }],
    control: { address: '127.0.0.1', port: 0, secret: 's' },
    overload: { maxUnanswered: 2 },
    appGraceMs: GRACE_MS,
  };
  engine = await startSipEngine(options, { clock, log: recordLogs() });
  phone = await openRawPhone();
});

afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  phone.close();
  await engine.stop();
});

describe('with a grace for applications', () => {
  test('an INVITE that comes before the application is told 100, and is answered by it', async () => {
    ask('INVITE', 'early');
    expect(await phone.next()).toMatch(/^SIP\/2.0 100 /);
    const app = await connect('invite');
    expect(await answerNext(app)).toMatch(/^INVITE /);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK/);
  });

  test('what an application had not begun to answer when it went is answered by the next', async () => {
    const dying = await connect('register');
    ask('REGISTER', 'twice');
    expect(await dying.next()).toMatch(/REGISTER sip:/);
    dying.close();
    const next = await connect('register');
    expect(await answerNext(next)).toMatch(/^REGISTER /);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK/);
  });

  test('a caller who gives up while he waits is answered, and no application hears of him', async () => {
    ask('INVITE', 'given-up');
    expect(await phone.next()).toMatch(/^SIP\/2.0 100 /);
    ask('CANCEL', 'given-up');
    expect([await phone.next(), await phone.next()].join('')).toMatch(/SIP\/2.0 487 .*INVITE.*/s);
    const app = await connect('invite', 'options');
    ask('OPTIONS', 'after');
    expect(await answerNext(app)).toMatch(/^OPTIONS /);
  });

  test('what two applications have left in turn is refused: it may be what they die of', async () => {
    ask('REGISTER', 'deadly');
    for (let death = 0; death < 2; death++) {
      const dying = await connect('register');
      expect(await dying.next()).toMatch(/REGISTER sip:/);
      dying.close();
    }
    expect(await final()).toMatch(/^SIP\/2.0 503 /);
  });

  test('a text that an application had when it went is refused, or it might be read twice', async () => {
    const dying = await connect('message');
    ask('MESSAGE', 'text');
    expect(await dying.next()).toMatch(/MESSAGE sip:/);
    dying.close();
    expect(await final()).toMatch(/^SIP\/2.0 503 /);
  });

  test('a stranger who connects and goes is no application that is waited for', async () => {
    clock.advance(GRACE_MS);
    const stranger = await connectRawApp(engine.controlPort);
    stranger.send('a|authenticate|guessed|');
    await stranger.closed();
    // The engine has seen him go by the time it has talked to another.
    await connect('message');
    ask('OPTIONS', 'late');
    expect(await phone.next()).toMatch(/^SIP\/2.0 503 /);
  });

  test('nobody waits longer than that, and who comes later is refused at once', async () => {
    ask('OPTIONS', 'waits');
    await seen(1);
    clock.advance(GRACE_MS);
    expect(await final()).toMatch(/^SIP\/2.0 503 .*Retry-After: 5\r\n/s);
    ask('OPTIONS', 'late');
    expect(await final()).toMatch(/^SIP\/2.0 503 .*Retry-After: 5\r\n/s);
  });

  test('no more wait than one application may leave unanswered', async () => {
    for (const callId of ['first', 'second', 'third']) ask('OPTIONS', callId);
    expect(await phone.next()).toMatch(/^SIP\/2.0 503 .*Call-ID: third/s);
  });

  test('whoever gives up makes room for another', async () => {
    for (const callId of ['first', 'second']) {
      ask('INVITE', callId);
      ask('CANCEL', callId);
      expect([await final(), await final()].join('')).toContain('SIP/2.0 487 ');
    }
    ask('OPTIONS', 'third');
    const app = await connect('options');
    expect(await answerNext(app)).toMatch(/^OPTIONS /);
  });

  test('what no application will ever take is refused when the grace is over, and not given to one that takes other things', async () => {
    ask('PUBLISH', 'never');
    ask('OPTIONS', 'soon');
    const app = await connect('options');
    expect(await answerNext(app)).toMatch(/^OPTIONS /);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK.*Call-ID: soon/s);
    clock.advance(GRACE_MS);
    expect(await final()).toMatch(/^SIP\/2.0 503 .*Call-ID: never/s);
  });
});

function ask(method: string, callId: string): void {
  const sentBy = `127.0.0.1:${phone.port}`;
  const text = requestText({ method, callId, branch: `z9hG4bK${callId}`, sentBy });
  phone.send(text, Number(engine.contacts[0]?.split(':').at(-1)));
}

/** The next response that is no 100. */
async function final(): Promise<string> {
  const response = await phone.next();
  return response.startsWith('SIP/2.0 100 ') ? final() : response;
}

/** Waits until so many requests wait. */
async function seen(count: number): Promise<void> {
  await expect.poll(() => engine.stats().transactions, { timeout: 10_000 }).toBe(count);
}

async function connect(...verbs: string[]): Promise<RawApp> {
  const app = await connectRawApp(engine.controlPort);
  apps.push(app);
  app.send('a|authenticate|s|');
  await app.next();
  for (const [nth, verb] of verbs.entries()) app.send(`r${nth}|route|${verb}`);
  for (let nth = 0; nth < verbs.length; nth++) await app.next();
  return app;
}

/** Accepts the next request that an application is given; its text. */
async function answerNext(app: RawApp): Promise<string> {
  const frame = await app.next();
  app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\n`);
  return frame.slice(frame.indexOf('\r\n') + 2);
}
