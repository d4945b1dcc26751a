import { busConfig, type ConfigOf, defineConfig, env, hostPort } from '@callweave/service';
import { z } from 'zod';

/** `host:port`, several separated by commas, each once. */
const nodeAddresses = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))])
  .pipe(z.array(hostPort).min(1).max(256));

export const config = defineConfig({
  ...busConfig,
  rtpengines: env(
    'CALLWEAVE_RTPENGINES',
    nodeAddresses.describe('ng ports of the rtpengines, as host:port,host:port. Every replica is given the same.'),
  ),
});
export type Config = ConfigOf<typeof config>;
