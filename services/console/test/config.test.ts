import { ConfigError, loadConfig } from '@callweave/service';
import { describe, expect, test } from 'vitest';
import { config, contradictions } from '../src/config.ts';

function problems(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    return contradictions(loadConfig(config, { CALLWEAVE_NATS_URL: 'nats://127.0.0.1:4222', ...environment }));
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the settings of the console', () => {
  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('on %s need no token', (host) => {
    expect(problems({ CALLWEAVE_CONSOLE_HOST: host })).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '192.0.2.7', 'console.example.org'])('on %s need one', (host) => {
    expect(problems({ CALLWEAVE_CONSOLE_HOST: host })).toEqual([
      'CALLWEAVE_CONSOLE_TOKEN: is required while CALLWEAVE_CONSOLE_HOST is not loopback',
    ]);
    expect(problems({ CALLWEAVE_CONSOLE_HOST: host, CALLWEAVE_CONSOLE_TOKEN: 'x'.repeat(16) })).toEqual([]);
  });

  test('refuse a token that can be guessed', () => {
    expect(problems({ CALLWEAVE_CONSOLE_TOKEN: 'secret' })).toEqual([
      'CALLWEAVE_CONSOLE_TOKEN: expected at least 16 characters',
    ]);
  });
});
