import { ApplicationAction } from '@callweave/contracts';
import { busConfig, type ConfigOf, defineConfig, env } from '@callweave/service';
import { z } from 'zod';

/** `extension=action`, separated by commas. */
const applications = z
  .string()
  .regex(/^[^=,\s]+=[a-z]+(,[^=,\s]+=[a-z]+)*$/, { error: 'expected extension=action,extension=action', abort: true })
  .transform((text) => text.split(',').map((pair) => splitPair(pair)))
  .refine((pairs) => new Set(pairs.map(([extension]) => extension)).size === pairs.length, {
    error: 'an extension comes twice',
    abort: true,
  })
  .transform((pairs) => new Map(pairs))
  .pipe(z.map(z.string(), ApplicationAction));

export const config = defineConfig({
  ...busConfig,
  applications: env(
    'CALLWEAVE_ROUTING_APPLICATIONS',
    applications
      .prefault('*43=echo,echo=echo,*44=playback,playback=playback')
      .describe('Extensions that are applications, in every tenant.'),
  ),
  ringSec: env(
    'CALLWEAVE_ROUTING_RING_SEC',
    z.coerce.number().int().min(1).max(600).default(60).describe('How long each device of a user rings.'),
  ),
});
export type Config = ConfigOf<typeof config>;

function splitPair(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=');
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}
