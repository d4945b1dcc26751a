import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';

const MAX_UNANSWERED = 5;

let engine: SipEngine;
let phone: RawPhone;
const apps: RawApp[] = [];

beforeEach(async () => {
  engine = await startSipEngine(
    {
      contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp'] }],
      control: { address: '127.0.0.1', port: 0, secret: 's3cret' },
      overload: { maxUnanswered: MAX_UNANSWERED },
      // Nothing is repeated.
      timers: { t1: 60_000, t2: 60_000, t4: 5_000 },
    },
    { clock: systemClock, log: recordLogs() },
  );
  phone = await openRawPhone();
});

afterEach(async () => {
  for (const app of apps.splice(0)) app.close();
  phone.close();
  await engine.stop();
});

async function connectApp(...verbs: string[]): Promise<RawApp> {
  const app = await connectRawApp(engine.controlPort);
  apps.push(app);
  app.send('a|authenticate|s3cret|');
  await app.next();
  for (const verb of verbs) {
    app.send(`r|route|${verb}`);
    await app.next();
  }
  return app;
}

let count = 0;
function send(fields: Parameters<typeof requestText>[0]): void {
  const port = Number(engine.contacts[0]?.split(':').at(-1));
  const sentBy = `127.0.0.1:${phone.port}`;
  phone.send(requestText({ branch: `z9hG4bKo${++count}`, callId: `call${count}`, sentBy, ...fields }), port);
}

const firstLine = (text: string): string => text.split('\r\n', 1)[0] ?? '';

/** Answers what `frame` brought, and waits until the engine has done so. */
async function answer(app: RawApp, frame: string, text: string): Promise<void> {
  app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 ${text}\r\n\r\n`);
  expect(await app.next()).toContain('|OK|');
}

/** A call of the phone, answered and acknowledged; returns its Call-ID. */
async function call(app: RawApp): Promise<string> {
  const callId = `held${++count}`;
  send({ method: 'INVITE', callId });
  await answer(app, await app.next(), '200 OK\r\nTo: <sip:bob@example.com>;tag=ours');
  expect(firstLine(await phone.next())).toContain('100');
  expect(firstLine(await phone.next())).toContain('200');
  send({ method: 'ACK', callId, toTag: 'ours' });
  expect(await app.next()).toContain('\r\nACK ');
  return callId;
}

test('what an application does not answer holds up no more than so much; calls in progress go on', async () => {
  const app = await connectApp('invite', 'bye', 'info');
  const held = await call(app);

  const taken: string[] = [];
  for (let n = 0; n < MAX_UNANSWERED; n++) {
    send({ method: 'INVITE' });
    taken.push(await app.next());
    expect(firstLine(await phone.next())).toContain('100');
  }
  for (let n = 0; n < 3; n++) {
    send({ method: 'INVITE' });
    const refusal = await phone.next();
    expect(firstLine(refusal)).toBe('SIP/2.0 503 Service Unavailable');
    expect(refusal).toMatch(/\r\nRetry-After: \d+\r\n/);
  }
  expect(engine.stats()).toMatchObject({ pending: MAX_UNANSWERED });
  expect(engine.stats().limits.get('unanswered')).toBe(3);

  // The established dialog goes first: its requests reach the application, whatever waits there.
  send({ method: 'INFO', callId: held, toTag: 'ours', cseq: 2 });
  await answer(app, await app.next(), '200 OK');
  expect(firstLine(await phone.next())).toContain('200');
  send({ method: 'BYE', callId: held, toTag: 'ours', cseq: 3 });
  await answer(app, await app.next(), '200 OK');
  expect(firstLine(await phone.next())).toContain('200');

  // It has begun to answer: a call that rings does not count.
  await answer(app, taken[0] ?? '', '180 Ringing');
  expect(firstLine(await phone.next())).toContain('180');
  send({ method: 'INVITE' });
  expect(await app.next()).toContain('\r\nINVITE ');
});

test('another application gets the calls for which one is too far behind', async () => {
  const first = await connectApp('invite');
  const second = await connectApp('invite');
  for (let n = 0; n < 2 * MAX_UNANSWERED; n++) {
    send({ method: 'INVITE' });
    expect(firstLine(await phone.next())).toContain('100');
    // The second answers everything, so only the first falls behind.
    if (n % 2 === 1) await answer(second, await second.next(), '486 Busy Here');
    else expect(await first.next()).toContain('\r\nINVITE ');
    if (n % 2 === 1) expect(firstLine(await phone.next())).toContain('486');
  }
  for (let n = 0; n < 4; n++) {
    send({ method: 'INVITE' });
    expect(firstLine(await phone.next())).toContain('100');
    await answer(second, await second.next(), '486 Busy Here');
    expect(firstLine(await phone.next())).toContain('486');
  }
  expect(engine.stats().limits.get('unanswered')).toBe(0);
});

test('the wait of datagrams is measured by the socket itself, and only while there is traffic', async () => {
  expect(engine.stats()).toMatchObject({ queueDelayMs: 0, admittedShare: 1 });
  send({ method: 'OPTIONS' });
  expect(firstLine(await phone.next())).toContain('503');
  await expect.poll(() => engine.stats().queueDelayMs, { timeout: 10_000 }).toBeGreaterThan(0);
});
