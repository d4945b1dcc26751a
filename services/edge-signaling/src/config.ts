import { busConfig, type ConfigOf, defineConfig, env, hostPort, secret } from '@callweave/service';

export const config = defineConfig({
  ...busConfig,
  engine: env(
    'CALLWEAVE_ENGINE',
    hostPort.default('127.0.0.1:9022').describe('Control port of the SIP engine of this edge.'),
  ),
  engineSecret: env('CALLWEAVE_ENGINE_SECRET', secret.describe('Secret the engine asks its applications for.')),
  applicationServer: env(
    'CALLWEAVE_APP_SERVER',
    hostPort.optional().describe('SIP address of the application server; without one applications are answered 503.'),
  ),
});
export type Config = ConfigOf<typeof config>;
