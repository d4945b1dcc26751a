import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { type Clock, systemClock } from '@callweave/clock';
import { openRtpPhone, startTestEngine } from '@callweave/media-engine/testing';
import { createInstanceId, loadConfig } from '@callweave/service';
import { startSipEngine } from '@callweave/sip-engine';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { config } from '../src/config.ts';
import { startAppServer } from '../src/service.ts';
import { sippCall } from './sipp.ts';

/** Whoever uses it waits a quarter as long. */
const hasty: Clock = { ...systemClock, after: (delayMs, action) => systemClock.after(delayMs / 4, action) };
const LOST_MS = 20_000;

/** A way to a TCP port on which nothing passes any more once it is cut. */
async function openWay(to: number): Promise<{ readonly port: number; cut(): void }> {
  const ends = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = createConnection({ host: '127.0.0.1', port: to });
    for (const end of [near, far]) ends.add(end.on('error', () => undefined));
    if (isCut) near.pause();
    else near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const end of ends) end.destroy();
  });
  const cut = (): void => {
    isCut = true;
    for (const end of ends) end.unpipe().pause();
  };
  return { port: (server.address() as AddressInfo).port, cut };
}

test('who is in an application whose media server is cut off is hung up on and not left in silence', async () => {
  const log = recordLogs();
  const media = await startTestEngine({ sounds: {} });
  onTestFinished(() => media.stop());
  const control = { address: '127.0.0.1', port: 0, secret: 'side-car' };
  const contact = { address: '127.0.0.1', port: 0, protocols: ['udp' as const] };
  const sideCar = await startSipEngine({ contacts: [contact], control }, { clock: systemClock, log });
  onTestFinished(() => sideCar.stop());
  const way = await openWay(media.eslPort);
  const server = await startAppServer({
    ...{ name: 'app-server', instance: createInstanceId(), version: '0.0.0', clock: hasty, log },
    config: loadConfig(config, {
      CALLWEAVE_ENGINE: `127.0.0.1:${String(sideCar.controlPort)}`,
      CALLWEAVE_ENGINE_SECRET: control.secret,
      CALLWEAVE_MEDIA_SERVER: `127.0.0.1:${String(way.port)}`,
      CALLWEAVE_MEDIA_ESL_PASSWORD: media.password,
    }),
  });
  onTestFinished(() => server.stop());
  await vi.waitFor(() => expect(server.notReady()).toBeUndefined(), LOST_MS);
  const phone = await openRtpPhone(systemClock);
  onTestFinished(() => phone.close());
  const remote = sideCar.contacts[0]?.replace('udp/', '') ?? '';
  const calling = sippCall({ scenario: 'application-hangs-up', remote, action: 'echo', rtpPort: phone.port });
  await phone.untilPackets(10);
  way.cut();
  expect(await calling).toBe('');
  expect(log.lines.map(({ event }) => event)).toContain('endpoint.gone');
  await vi.waitFor(() => expect(server.notReady()).toBe('no connection to the media server'), LOST_MS);
}, 60_000);
