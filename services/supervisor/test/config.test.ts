import { ConfigError } from '@callweave/service';
import { expect, test } from 'vitest';
import { configOf } from './support.ts';

test('everything that is wrong with the configuration is said at once', () => {
  let error: unknown;
  try {
    configOf({
      CALLWEAVE_HOST: '0.0.0.0',
      CALLWEAVE_SIP_PORTS: '5060;5061',
      CALLWEAVE_CONTROL_PORTS: '70000',
      CALLWEAVE_RTP_PORTS: '40000-30000',
      CALLWEAVE_NATS_URL: 'localhost',
      CALLWEAVE_REGISTRARS: '0',
    });
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).problems).toEqual([
    'CALLWEAVE_HOST: phones cannot be told 0.0.0.0: name one address of this machine',
    'CALLWEAVE_SIP_PORTS: expected ports separated by commas',
    'CALLWEAVE_CONTROL_PORTS: port above 65535',
    'CALLWEAVE_NATS_URL: expected nats://host:port, several separated by commas',
    'CALLWEAVE_RTP_PORTS: expected at least 4 ports between 1024 and 65535',
    expect.stringMatching(/^CALLWEAVE_REGISTRARS: /),
  ]);
});

test('a range for media is read as its ends, and 0 as any', () => {
  expect(configOf({ CALLWEAVE_RTP_PORTS: '31000-31999' }).rtpPorts).toEqual({ min: 31_000, max: 31_999 });
  expect(configOf({ CALLWEAVE_RTP_PORTS: '0' }).rtpPorts).toEqual({ min: 0, max: 0 });
});
