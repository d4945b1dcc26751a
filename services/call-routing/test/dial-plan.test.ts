import { ConfigError, loadConfig } from '@callweave/service';
import { describe, expect, test } from 'vitest';
import { config } from '../src/config.ts';
import { routeExtension } from '../src/dial-plan.ts';

const NATS = { CALLWEAVE_NATS_URL: 'nats://127.0.0.1:4222' };
const plan = loadConfig(config, NATS);

describe('the dial plan', () => {
  test('an extension is the user of that name', () => {
    expect(routeExtension(plan, 'bob')).toEqual({
      kind: 'targets',
      targets: [{ kind: 'user', user: 'bob', ringSec: 60 }],
    });
  });

  test.each([
    '1001',
    '+4930123456',
    'Zoë',
    'a b',
    'a.*>b',
    '*45',
    'Playback',
    'constructor',
    '__proto__',
    'x'.repeat(8_192),
  ])('%s is a user like any other', (dialled) => {
    expect(routeExtension(plan, dialled)).toMatchObject({ targets: [{ kind: 'user', user: dialled }] });
  });

  test('some extensions are applications', () => {
    expect(routeExtension(plan, '*43')).toMatchObject({ targets: [{ kind: 'application', action: 'echo' }] });
    expect(routeExtension(plan, 'playback')).toMatchObject({ targets: [{ kind: 'application', action: 'playback' }] });
  });

  test('nothing dialled is an address incomplete', () => {
    expect(routeExtension(plan, '')).toEqual({ kind: 'reject', status: 484 });
  });

  test.each(['x'.repeat(20_000), 'a\r\nb', 'a\u0000', '\u007f'])(
    'a user no device can have is not found',
    (dialled) => {
      expect(routeExtension(plan, dialled)).toEqual({ kind: 'reject', status: 404 });
    },
  );

  test('operators say which extensions are applications and how long users ring', () => {
    const settings = { CALLWEAVE_ROUTING_APPLICATIONS: '600=conference', CALLWEAVE_ROUTING_RING_SEC: '600' };
    const own = loadConfig(config, { ...NATS, ...settings });
    expect(routeExtension(own, '600')).toMatchObject({ targets: [{ action: 'conference' }] });
    expect(routeExtension(own, '*43')).toMatchObject({ targets: [{ kind: 'user', ringSec: 600 }] });
  });

  test.each(['0', '601', 'long'])('%s seconds of ringing are a configuration error', (text) => {
    expect(() => loadConfig(config, { ...NATS, CALLWEAVE_ROUTING_RING_SEC: text })).toThrow(ConfigError);
  });

  test.each(['echo', '*43=', '*43=dance', '=echo', 'a b=echo', '*43=echo,*43=ivr'])(
    'applications %s are a configuration error',
    (text) => {
      expect(() => loadConfig(config, { ...NATS, CALLWEAVE_ROUTING_APPLICATIONS: text })).toThrow(ConfigError);
    },
  );
});
