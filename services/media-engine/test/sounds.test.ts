import { readFileSync } from 'node:fs';
import { loadConfig } from '@callweave/service';
import { parseWav } from '@callweave/rtp';
import { toneAmplitude } from '@callweave/rtp/testing';
import { describe, expect, test } from 'vitest';
import { bundledSounds, config } from '../src/config.ts';

describe('the melody that comes with the product', () => {
  test('goes from 600 Hz to 900 Hz every half second, twice', () => {
    const { sampleRate, samples } = parseWav(readFileSync(`${bundledSounds}/melody.wav`));
    expect([sampleRate, samples.length]).toEqual([8_000, 16_000]);
    const heard = [0, 1, 2, 3].map((i) => {
      const part = samples.subarray(i * 4_000, (i + 1) * 4_000);
      return toneAmplitude(part, 600) > 10 * toneAmplitude(part, 900) ? 600 : 900;
    });
    expect(heard).toEqual([600, 900, 600, 900]);
    expect(toneAmplitude(samples.subarray(400, 3_600), 600)).toBeGreaterThan(7_000);
  });
});

describe('the configuration', () => {
  test('tells every problem at once', () => {
    const read = () =>
      loadConfig(config, {
        CALLWEAVE_MEDIA_RTP_PORTS: '9-1',
        CALLWEAVE_MEDIA_PEERS: 'all',
        CALLWEAVE_MEDIA_SIP_HOST: 'x',
      });
    expect(read).toThrow(
      expect.objectContaining({
        problems: [
          'CALLWEAVE_MEDIA_ESL_PASSWORD: is required',
          'CALLWEAVE_MEDIA_SIP_HOST: expected an IPv4 address',
          'CALLWEAVE_MEDIA_RTP_PORTS: no range of ports',
          'CALLWEAVE_MEDIA_PEERS: expected networks as 10.0.0.0/8, separated by commas',
        ],
      }),
    );
  });
});
