import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls';
import { systemClock } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import { BindError, type SipEngine, type SipEngineOptions, startSipEngine } from '@callweave/sip-engine';
import { connectRawApp, frame, openRawPhone, testCertificate } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { type RecordingLogger, recordLogs } from '@callweave/telemetry/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

// The parts of drachtio-srf that these tests use; the library itself is unmodified.
interface Srf {
  connect(options: object): void;
  on(event: string, listener: (error: unknown, hostPort: string) => void): void;
  options(handler: (request: object, response: { send(status: number): void }) => void): void;
  disconnect(): void;
}

const { default: Srf } = (await import('drachtio-srf')) as unknown as { default: new () => Srf };

const secret = 'cymru';
const contacts = [{ address: '127.0.0.1', port: 0, protocols: ['udp' as const] }];
const control = { address: '127.0.0.1', port: 0, secret };
let engine: SipEngine;
let clock: FakeClock;
let log: RecordingLogger;

async function start(
  options: Partial<SipEngineOptions> = {},
  time = clock as FakeClock | typeof systemClock,
): Promise<void> {
  engine = await startSipEngine({ contacts, control, ...options }, { clock: time, log });
}

beforeEach(() => {
  clock = new FakeClock();
  log = recordLogs();
});

afterEach(() => engine.stop());

const events = (): string[] => log.lines.map(({ event }) => event);

describe('an application by TLS', () => {
  const authority = testCertificate('authority');
  const tls = testCertificate('engine', authority);

  test('is served as one without, an unmodified drachtio-srf', async () => {
    await start({ control: { ...control, tlsPort: 0 }, tls }, systemClock);
    const srf = new Srf();
    srf.options((_, response) => response.send(200));
    const connected = new Promise((resolve) => srf.on('connect', (_error, hostPort) => resolve(hostPort)));
    srf.connect({ host: '127.0.0.1', port: engine.secureControlPort, secret, tls: { ca: authority.cert } });
    expect(await connected).toBe(engine.contacts.join(','));
    const phone = await openRawPhone();
    const routed = async (): Promise<string> => {
      phone.send(requestText({ sentBy: `127.0.0.1:${phone.port}` }), Number(engine.contacts[0]?.split(':').at(-1)));
      return phone.next();
    };
    expect(await routed()).toMatch(/^SIP\/2.0 200 OK/);
    srf.disconnect();
    phone.close();
  });

  test('that trusts others only is told who we are, and goes', async () => {
    await start({ control: { ...control, tlsPort: 0 }, tls });
    const srf = new Srf();
    const failed = new Promise<unknown>((resolve) => srf.on('error', (error) => resolve(error)));
    srf.connect({
      host: '127.0.0.1',
      port: engine.secureControlPort,
      secret,
      tls: { ca: testCertificate('stranger').cert },
    });
    expect(await failed).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    srf.disconnect();
    expect(engine.stats().apps).toBe(0);
  });

  test.each<[string, ConnectionOptions]>([
    ['speaks an old version', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }],
  ])('that %s is refused, which is logged', async (_, options) => {
    await start({ control: { ...control, tlsPort: 0 }, tls });
    const socket = connectSecurely({ port: engine.secureControlPort, rejectUnauthorized: false, ...options });
    await once(socket, 'error');
    await expect.poll(events).toContain('app.refused');
  });

  test('that speaks none is refused, and the port without TLS serves on', async () => {
    await start({ control: { ...control, tlsPort: 0 }, tls });
    const socket = connect({ host: '127.0.0.1', port: engine.secureControlPort ?? 0 });
    socket.on('error', () => undefined);
    socket.write('22#a|authenticate|cymru|');
    await closed(socket.resume());
    const app = await connectRawApp(engine.controlPort);
    app.send('a|authenticate|cymru|');
    expect(await app.next()).toContain('|response|a|OK|');
    app.close();
  });

  test('sees a renewed certificate, and one that was connected stays', async () => {
    await start({ control: { ...control, tlsPort: 0 }, tls });
    const open = async (ca: string): Promise<ReturnType<typeof connectSecurely>> => {
      const socket = connectSecurely({ host: '127.0.0.1', port: engine.secureControlPort, ca });
      await once(socket, 'secureConnect');
      return socket;
    };
    const before = await open(authority.cert);
    const successor = testCertificate('successor');
    const renewed = testCertificate('engine', successor);
    engine.renewTls(renewed);
    (await open(successor.cert)).destroy();
    before.write(frame('a|authenticate|cymru|'));
    await once(before, 'data');
    expect(engine.stats().apps).toBe(1);
    before.destroy();
  });

  test('cannot be served without certificate and key', async () => {
    await start();
    const options = { contacts, control: { ...control, tlsPort: 0 } };
    await expect(startSipEngine(options, { clock, log })).rejects.toThrow(BindError);
  });
});

describe('an application that takes from us', () => {
  test('a connection and never authenticates loses it', async () => {
    await start();
    const app = await connectRawApp(engine.controlPort);
    app.sendRaw('2');
    await expect.poll(() => clock.pending).toBeGreaterThan(0);
    await expect.poll(() => (clock.advance(5_000), app.isClosed)).toBe(true);
    expect(events()).toContain('app.dropped');
  });

  test('memory, because it does not read, is dropped: logged and counted', async () => {
    await start({ limits: { maxAppQueuedBytes: 100_000 } });
    const socket = connect({ host: '127.0.0.1', port: engine.controlPort });
    socket.on('error', () => undefined);
    socket.write(frame('a|authenticate|cymru|'));
    await once(socket, 'data');
    socket.pause();
    const ping = frame('p|ping');
    const gone = closed(socket);
    const flood = (): void => {
      if (socket.destroyed || events().includes('app.stuck')) return;
      if (socket.write(Buffer.concat(Array<Buffer>(5_000).fill(ping)))) setImmediate(flood);
      else socket.once('drain', flood);
    };
    flood();
    await expect.poll(events, { timeout: 20_000 }).toContain('app.stuck');
    socket.resume();
    await gone;
    expect(engine.stats().limits.get('unread')).toBe(1);
    expect(engine.stats().apps).toBe(0);
  });

  test('one connection too many is refused', async () => {
    await start({ limits: { maxApps: 1 } });
    const app = await connectRawApp(engine.controlPort);
    app.send('a|authenticate|cymru|');
    await app.next();
    const another = await connectRawApp(engine.controlPort);
    await another.closed();
    expect(engine.stats().limits.get('apps')).toBe(1);
    app.close();
  });

  test('a connection that it does not close after an error has it closed', async () => {
    await start();
    const socket = connect({ host: '127.0.0.1', port: engine.controlPort, allowHalfOpen: true });
    socket.on('error', () => undefined);
    socket.write(frame('a|authenticate|cymru|'));
    await once(socket, 'data');
    socket.write(frame('a|frobby'));
    await once(socket.resume(), 'end');
    await expect.poll(() => (clock.advance(1_000), engine.stats().apps)).toBe(0);
    socket.destroy();
  });
});

/** However a connection ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}
