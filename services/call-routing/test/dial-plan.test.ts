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

  test('some extensions are applications', () => {
    expect(routeExtension(plan, '*43')).toMatchObject({ targets: [{ kind: 'application', action: 'echo' }] });
    expect(routeExtension(plan, 'playback')).toMatchObject({ targets: [{ kind: 'application', action: 'playback' }] });
  });

  test('nothing dialled is an address incomplete', () => {
    expect(routeExtension(plan, '')).toEqual({ kind: 'reject', status: 484 });
  });

  test('a user no device can have is not found', () => {
    expect(routeExtension(plan, 'x'.repeat(20_000))).toEqual({ kind: 'reject', status: 404 });
  });

  test.each(['echo', '*43=', '*43=dance', '=echo', 'a b=echo'])('applications %s are a configuration error', (text) => {
    expect(() => loadConfig(config, { ...NATS, CALLWEAVE_ROUTING_APPLICATIONS: text })).toThrow(ConfigError);
  });
});
