import { busConfig, type ConfigOf, defineConfig, env, hostPorts } from '@callweave/service';

export const config = defineConfig({
  ...busConfig,
  rtpengines: env(
    'CALLWEAVE_RTPENGINES',
    hostPorts.describe('ng ports of the rtpengines, as host:port,host:port. Every replica is given the same.'),
  ),
});
export type Config = ConfigOf<typeof config>;
