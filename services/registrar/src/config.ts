import { busConfig, type ConfigOf, defineConfig, env, seconds } from '@callweave/service';
import { z } from 'zod';

export const config = defineConfig({
  ...busConfig,
  minExpiresSec: env(
    'CALLWEAVE_REGISTRAR_MIN_EXPIRES_SEC',
    seconds.default(60).describe('A shorter request is answered 423 Interval Too Brief.'),
  ),
  defaultExpiresSec: env(
    'CALLWEAVE_REGISTRAR_DEFAULT_EXPIRES_SEC',
    seconds.default(3_600).describe('Granted to a request that names no interval.'),
  ),
  maxExpiresSec: env(
    'CALLWEAVE_REGISTRAR_MAX_EXPIRES_SEC',
    seconds.default(3_600).describe('A longer request is granted this much.'),
  ),
  maxContactsPerAor: env(
    'CALLWEAVE_REGISTRAR_MAX_CONTACTS',
    z.coerce.number().int().min(1).max(64).default(10).describe('Devices one user may have registered.'),
  ),
  natPingSec: env(
    'CALLWEAVE_REGISTRAR_NAT_PING_SEC',
    z.coerce
      .number()
      .int()
      .min(0)
      .max(3_600)
      .default(25)
      .describe('Seconds between two OPTIONS to a device on UDP behind a NAT, so that the NAT keeps it; 0 is never.'),
  ),
});
export type Config = ConfigOf<typeof config>;

/** Limits that leave no interval to grant. */
export function contradictions({ minExpiresSec, maxExpiresSec }: Config): string[] {
  if (minExpiresSec <= maxExpiresSec) return [];
  return [`${config.minExpiresSec.variable}: above ${config.maxExpiresSec.variable}`];
}
