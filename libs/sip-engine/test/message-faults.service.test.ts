import { afterEach, describe, expect, test } from 'vitest';
import { type Bench, openBench, startLine, type Told } from './bench.ts';

let bench: Bench;

afterEach(() => bench.close());

const lines = ['Content-Type: application/json'];
const tell = (...faults: object[]): Promise<Told> => say(JSON.stringify(faults));
const say = (body: string): Promise<Told> => bench.app.request('FAULTS sip:engine.invalid', { lines, body });

/** Has the application send OPTIONS to a phone. */
const ask = (uri: string): Promise<Told> => bench.app.request(`OPTIONS ${uri}`);

describe('an engine that may be rehearsed with', () => {
  test('loses the next requests that it gets, and neither the one after them nor any other', async () => {
    bench = await openBench(['options', 'message'], { faults: 'on' });
    const phone = await bench.phone();
    await tell({ id: 1, kind: 'drop', way: 'in', method: 'OPTIONS', next: 2 });
    expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
    for (const callId of ['lost', 'lost-too', 'arrives']) phone.request({ callId });
    phone.request({ method: 'MESSAGE' });
    expect((await bench.app.told()).text).toContain('Call-ID: arrives\r\n');
    expect((await bench.app.told()).line).toMatch(/^MESSAGE /);
  });

  test('sends what it sends late, and repeats it as if it had been lost', async () => {
    bench = await openBench([], { faults: 'on' });
    const phone = await bench.phone();
    await tell({ id: 1, kind: 'delay', way: 'out', next: 1, byMs: 700 });
    await ask(phone.uri);
    bench.clock.advance(600);
    // RFC 3261 §17.1.2.2: after T1 once more, which overtakes the first.
    const repeated = await phone.next();
    expect(phone.waiting).toBe(0);
    bench.clock.advance(100);
    expect(await phone.next()).toBe(repeated);
  });

  test('sends twice, and gets twice, what comes once to its application', async () => {
    bench = await openBench(['message'], { faults: 'on' });
    const phone = await bench.phone();
    await tell({ id: 1, kind: 'duplicate', way: 'both' });
    await ask(phone.uri);
    expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
    const asked = await phone.next();
    expect(await phone.next()).toBe(asked);
    phone.answer(asked, '200 OK');
    expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
    phone.request({ method: 'MESSAGE' });
    expect((await bench.app.told()).line).toMatch(/^MESSAGE /);
    phone.request({ method: 'MESSAGE', callId: 'next' });
    expect((await bench.app.told()).text).toContain('Call-ID: next\r\n');
  });

  test('goes on with what it knows, forgets what it is not told again, and refuses what it cannot read', async () => {
    bench = await openBench(['options'], { faults: 'on' });
    const phone = await bench.phone();
    const drop = { id: 1, kind: 'drop', way: 'in', next: 1 };
    await tell(drop);
    expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
    for (const callId of ['lost', 'first']) phone.request({ callId });
    expect((await bench.app.told()).text).toContain('Call-ID: first\r\n');
    await tell(drop, { id: 2, kind: 'delay', way: 'out', byMs: 5, method: 'INVITE' });
    await tell({ id: 3, kind: 'drop', way: 'in', share: 0 });
    for (let n = 0; n < 2; n++) expect((await bench.app.told()).line).toBe('SIP/2.0 200 OK');
    phone.request({ callId: 'arrives' });
    expect((await bench.app.told()).text).toContain('Call-ID: arrives\r\n');
    await say('{"id":');
    expect((await bench.app.told()).line).toBe('SIP/2.0 400 Bad Request');
  });
});

test('an engine that is not for rehearsals takes such a request for any other', async () => {
  bench = await openBench();
  const phone = await bench.phone();
  await bench.app.request(`FAULTS ${phone.uri}`, { lines, body: '[]' });
  expect(startLine(await phone.next())).toMatch(/^FAULTS /);
});
