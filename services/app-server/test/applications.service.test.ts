import { systemClock } from '@callweave/clock';
import { openRtpPhone, type RtpPhone, startTestEngine, type TestEngine } from '@callweave/media-engine/testing';
import { sine, toneAmplitude } from '@callweave/rtp/testing';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { type SipEngine, startSipEngine } from '@callweave/sip-engine';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { config } from '../src/config.ts';
import { startAppServer } from '../src/service.ts';
import { sippCall } from './sipp.ts';

const melody = Int16Array.from([...sine(600, 500), ...sine(900, 500)]);
const log = recordLogs();
let media: TestEngine;
let sideCar: SipEngine;
let server: RunningService;
let phone: RtpPhone;

beforeAll(async () => {
  media = await startTestEngine({ sounds: { 'melody.wav': melody } });
  sideCar = await startSipEngine(
    {
      contacts: [{ address: '127.0.0.1', port: 0, protocols: ['udp'] }],
      control: { address: '127.0.0.1', port: 0, secret: 'side-car' },
    },
    { clock: systemClock, log },
  );
  server = await startAppServer({
    ...{ name: 'app-server', instance: createInstanceId(), version: '0.0.0', clock: systemClock, log },
    config: loadConfig(config, {
      CALLWEAVE_ENGINE: `127.0.0.1:${String(sideCar.controlPort)}`,
      CALLWEAVE_ENGINE_SECRET: 'side-car',
      CALLWEAVE_MEDIA_SERVER: `127.0.0.1:${String(media.eslPort)}`,
      CALLWEAVE_MEDIA_ESL_PASSWORD: media.password,
    }),
  });
  await vi.waitFor(() => expect(server.notReady()).toBeUndefined(), 5_000);
});

afterAll(async () => {
  await server.drain();
  await server.stop();
  await sideCar.stop();
  await media.stop();
});

beforeEach(async () => {
  phone = await openRtpPhone(systemClock);
});

afterEach(() => phone.close());

function call(scenario: Parameters<typeof sippCall>[0]['scenario'], action: string): Promise<string> {
  const remote = sideCar.contacts[0]?.replace('udp/', '') ?? '';
  return sippCall({ scenario, remote, action, rtpPort: phone.port });
}

/** How loud both tones are in the half second of sound that begins at a sample. */
function tones(sound: Int16Array, at: number): { readonly low: number; readonly high: number } {
  const part = sound.subarray(at + 400, at + 3_600);
  return { low: toneAmplitude(part, 600), high: toneAmplitude(part, 900) };
}

async function nothingLeft(): Promise<void> {
  await vi.waitFor(() => expect([media.stats(), sideCar.stats().dialogs]).toEqual([idle, 0]), 10_000);
}
const idle = { calls: 0, mediaPorts: 0, clients: 1 };

describe('a call to an application', () => {
  test('hears the melody from `playback`, which then hangs up and leaves nothing behind', async () => {
    expect(await call('application-hangs-up', 'playback')).toBe('');
    const sound = phone.heard();
    const start = sound.findIndex((sample) => Math.abs(sample) > 2_000);
    expect(start).toBeGreaterThanOrEqual(0);
    expect(tones(sound, start).low).toBeGreaterThan(7_000);
    expect(tones(sound, start).high).toBeLessThan(200);
    expect(tones(sound, start + 4_000).high).toBeGreaterThan(7_000);
    expect(tones(sound, start + 4_000).low).toBeLessThan(200);
    await nothingLeft();
  });

  test('hears itself from `echo`, and frees its port when it hangs up', async () => {
    const calling = call('caller-hangs-up', 'echo');
    await phone.untilPackets(10);
    const said = sine(700, 600);
    await phone.say(said);
    expect(await calling).toBe('');
    const heard = phone.heard();
    const start = heard.findIndex((sample) => Math.abs(sample) > 2_000);
    const part = heard.subarray(start, start + 4_000);
    expect(toneAmplitude(part, 700)).toBeGreaterThan(7_000);
    const loud = [...heard].filter((sample) => Math.abs(sample) > 500).length;
    const loudSaid = [...said].filter((sample) => Math.abs(sample) > 500).length;
    expect(Math.abs(loud - loudSaid)).toBeLessThan(400);
    await nothingLeft();
  });

  test('is hung up when the media server goes; the next is answered 503, until it is back', async () => {
    const { eslPort } = media;
    const calling = call('application-hangs-up', 'echo');
    await phone.untilPackets(10);
    await media.stop();
    expect(await calling).toBe('');
    await vi.waitFor(() => expect(server.notReady()).toBe('no connection to the media server'), 10_000);
    expect(await call('caller-hangs-up', 'echo')).toContain('SIP/2.0 503');
    media = await startTestEngine({ sounds: { 'melody.wav': melody }, eslPort });
    await vi.waitFor(() => expect(server.notReady()).toBeUndefined(), 5_000);
    expect(await call('application-hangs-up', 'playback')).toBe('');
    await nothingLeft();
  });

  test.each([
    ['karaoke', '404'],
    ['queue', '501'],
  ])('that asks for `%s` is answered %s', async (action, status) => {
    expect(await call('caller-hangs-up', action)).toContain(`SIP/2.0 ${status}`);
    await nothingLeft();
  });
});
