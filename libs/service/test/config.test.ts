import {
  busConfig,
  ConfigError,
  defineConfig,
  env,
  hostPort,
  loadConfig,
  Secret,
  secret,
  seconds,
} from '@callweave/service';
import { describe, expect, test } from 'vitest';

const table = defineConfig({
  expiresSec: env('T_EXPIRES', seconds.default(60)),
  engine: env('T_ENGINE', hostPort),
  key: env('T_KEY', secret),
});

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadConfig(table, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('configuration', () => {
  test('defaults are applied and numbers arrive as numbers', () => {
    const config = loadConfig(table, { T_ENGINE: '127.0.0.1:9022', T_KEY: 'k', T_EXPIRES: '' });
    expect(config.expiresSec).toBe(60);
    expect(config.engine).toBe('127.0.0.1:9022');
  });

  test('every problem is reported at once, by the name of its variable', () => {
    const problems = problemsOf({ T_EXPIRES: 'soon', T_ENGINE: 'nowhere' });
    expect(problems.map((line) => line.slice(0, line.indexOf(':')))).toEqual(['T_EXPIRES', 'T_ENGINE', 'T_KEY']);
    expect(problems[2]).toBe('T_KEY: is required');
  });

  test('a secret does not print, interpolate or serialise', () => {
    const { key } = loadConfig(table, { T_ENGINE: 'h:1', T_KEY: 'hunter2' });
    expect(key).toBeInstanceOf(Secret);
    expect(`${String(key)} ${JSON.stringify({ key })}`).not.toContain('hunter2');
    expect(key.reveal()).toBe('hunter2');
  });

  test.each([
    ['nats://a:4222,tls://b:4222', true],
    ['nats://me:p%40ss@a:4222', true],
    ['nats://me:p@ss/wo?rd@a:4222', false],
    ['nats://me:100%@a:4222', false],
    ['http://a:4222', false],
    ['nats://', false],
    ['nats://a:b:c', false],
  ])('the address of the bus %s is fit for use: %s', (CALLWEAVE_NATS_URL, isFit) => {
    const load = (): unknown => loadConfig({ url: busConfig.natsUrl }, { CALLWEAVE_NATS_URL });
    if (isFit) expect(load()).toEqual({ url: CALLWEAVE_NATS_URL });
    else expect(load).toThrow(ConfigError);
  });

  test('a password in the address of the bus is never shown with what is wrong about it', () => {
    const problems = (() => {
      try {
        loadConfig({ url: busConfig.natsUrl }, { CALLWEAVE_NATS_URL: 'nats://me:hunter2/@a:4222' });
        return [];
      } catch (error) {
        return error instanceof ConfigError ? error.problems : [];
      }
    })();
    expect(problems).toEqual([
      'CALLWEAVE_NATS_URL: a user or password with special characters must escape them (%40 for @)',
    ]);
  });
});
