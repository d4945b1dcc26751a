import { systemClock } from '@callweave/clock';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, openRawPhone, type RawApp, type RawPhone } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { type RecordingLogger, recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

let engine: SipEngine;
let phone: RawPhone;
let app: RawApp;
let log: RecordingLogger;

beforeEach(async () => {
  log = recordLogs();
  const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
  const control = { address: '127.0.0.1', port: 0, secret: 's' };
  // Nothing is repeated.
  const timers = { t1: 60_000, t2: 60_000, t4: 5_000 };
  engine = await startSipEngine({ contacts, control, timers, offerUnknownDialogs: true }, { clock: systemClock, log });
  phone = await openRawPhone();
  await connectApp();
});

afterEach(async () => {
  app.close();
  phone.close();
  await engine.stop();
});

const sipPort = (): number => Number(engine.contacts[0]?.split(':').at(-1));
const sipOf = (frame: string): string => frame.slice(frame.indexOf('\r\n') + 2);

async function connectApp(): Promise<void> {
  app = await connectRawApp(engine.controlPort);
  await ask('authenticate|s|');
  for (const verb of ['bye', 'invite']) await ask(`route|${verb}`);
}

async function ask(command: string): Promise<string> {
  app.send(`a|${command}`);
  return app.next();
}

/** A request of the peer in a dialog whose tags are `theirs` and `ours`. */
function fromPeer(method: string, cseq: number): void {
  const sentBy = `127.0.0.1:${phone.port}`;
  const headers = [`Contact: <sip:127.0.0.1:${phone.port}>`];
  const tags = { fromTag: 'theirs', toTag: 'ours' };
  const branch = `z9hG4bK${method}${cseq}`;
  phone.send(requestText({ method, cseq, callId: 'moved', branch, sentBy, headers, ...tags }), sipPort());
}

/** A request of the application in that dialog, as its record says. */
function ours(method: string, cseq: number, { to = 'theirs', route = '' } = {}): string {
  const target = route === '' ? `127.0.0.1:${phone.port}` : '192.0.2.7';
  return [
    `sip||\r\n${method} sip:bob@${target} SIP/2.0`,
    'Call-ID: moved',
    'From: <sip:a@x>;tag=ours',
    `To: <sip:b@x>;tag=${to}`,
    `CSeq: ${cseq} ${method}`,
    ...(route === '' ? [] : [`Route: ${route}`]),
    '\r\n',
  ].join('\r\n');
}

describe('a dialog that another engine had', () => {
  test('ends when an application takes the BYE and answers it', async () => {
    fromPeer('BYE', 7);
    const frame = await app.next();
    expect(sipOf(frame)).toMatch(/^BYE .*tag=ours/s);
    app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK/);
  });

  test('outlives its application: what nobody is there to answer is not refused, and asked again', async () => {
    app.close();
    await vi.waitFor(() => expect(log.lines.map(({ event }) => event)).toContain('app.disconnected'), 10_000);
    fromPeer('BYE', 7);
    phone.send(requestText({ method: 'OPTIONS', sentBy: `127.0.0.1:${phone.port}` }), sipPort());
    // Nothing came before it.
    expect(await phone.next()).toMatch(/^SIP\/2.0 503 .*CSeq: \d+ OPTIONS/s);
    await connectApp();
    fromPeer('BYE', 7);
    const frame = await app.next();
    app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\n`);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK/);
  });

  test('is gone on with by number, tags and routes of the application', async () => {
    const route = `<sip:127.0.0.1:${phone.port};lr>`;
    await ask(ours('BYE', 107, { route }));
    const bye = await phone.next();
    expect(bye).toMatch(/^BYE sip:bob@192\.0\.2\.7 SIP/);
    for (const line of [`Route: ${route}`, 'CSeq: 107 BYE', 'Call-ID: moved', 'From: <sip:a@x>;tag=ours']) {
      expect(bye).toContain(`${line}\r\n`);
    }
    expect(engine.stats().dialogs).toBe(0);
  });

  test('lives on here once a re-INVITE of the peer is accepted', async () => {
    fromPeer('INVITE', 8);
    const frame = await app.next();
    expect(await phone.next()).toMatch(/^SIP\/2.0 100 /);
    app.send(`x|sip|${frame.split('|')[8] ?? ''}|\r\nSIP/2.0 200 OK\r\n\r\nv=0\r\n`);
    expect(await phone.next()).toMatch(/^SIP\/2.0 200 OK/);
    await app.next();
    fromPeer('ACK', 8);
    expect(sipOf(await app.next())).toMatch(/^ACK /);
    expect(engine.stats().dialogs).toBe(1);
    // The application's own number is kept where it is the higher one, and followed where it is not.
    await ask(ours('INFO', 210));
    expect(await phone.next()).toContain('CSeq: 210 INFO');
    await ask(ours('BYE', 3));
    expect(await phone.next()).toContain('CSeq: 211 BYE');
  });

  test('is not ended when its application is gone before the peer agrees to a change', async () => {
    await ask(ours('INVITE', 107));
    const invite = await phone.next();
    app.close();
    await vi.waitFor(() => expect(log.lines.map(({ event }) => event)).toContain('app.disconnected'), 10_000);
    const contact = `\r\nContact: <sip:127.0.0.1:${phone.port}>\r\n`;
    const copied = invite.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
    phone.send(`SIP/2.0 200 OK\r\n${copied.join('\r\n')}${contact}Content-Length: 0\r\n\r\n`, sipPort());
    expect(await phone.next()).toMatch(/^ACK .*CSeq: 107 ACK/s);
    await connectApp();
    await ask(ours('INFO', 210));
    // Nothing came before it.
    expect(await phone.next()).toContain('CSeq: 210 INFO');
  });

  test('has no routes in a request that begins one', async () => {
    await ask(
      ours('OPTIONS', 1).replace(';tag=theirs', '').replace('\r\nCSeq', '\r\nRoute: <sip:192.0.2.9;lr>\r\nCSeq'),
    );
    expect(await phone.next()).not.toContain('Route:');
  });

  test('has them where their application gives the next hop as well, as Path says it', async () => {
    const next = `sip|||sip:127.0.0.1:${phone.port};lr`;
    const headers = 'Route: <sip:127.0.0.1;lr;received=sip:192.0.2.9:4000>, <sip:second.example.org;lr>';
    await ask(`${next}\r\nOPTIONS sip:bob@10.0.0.5 SIP/2.0\r\n${headers}\r\n\r\n`);
    const sent = await phone.next();
    expect(sent).toMatch(/^OPTIONS sip:bob@10\.0\.0\.5 /);
    expect(sent).toContain('\r\nRoute: <sip:127.0.0.1;lr;received=sip:192.0.2.9:4000>\r\n');
    expect(sent).toContain('\r\nRoute: <sip:second.example.org;lr>\r\n');
  });
});
