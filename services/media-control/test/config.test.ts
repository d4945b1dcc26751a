import { loadConfig } from '@callweave/service';
import { describe, expect, test } from 'vitest';
import { config } from '../src/config.ts';

const load = (rtpengines: string | undefined): readonly string[] =>
  loadConfig(config, { CALLWEAVE_NATS_URL: 'nats://127.0.0.1:4222', CALLWEAVE_RTPENGINES: rtpengines }).rtpengines;

describe('the list of rtpengines', () => {
  test('names each node once, by host and port', () => {
    expect(load('10.0.0.1:2223, media-2.example:2223,10.0.0.1:2223,[2001:db8::1]:2223')).toEqual([
      '10.0.0.1:2223',
      'media-2.example:2223',
      '[2001:db8::1]:2223',
    ]);
  });

  test.each([undefined, '', '10.0.0.1', '10.0.0.1:2223,', '10.0.0.1:99999'])('%s is refused', (text) => {
    expect(() => load(text)).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });
});
