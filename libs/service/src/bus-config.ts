import { z } from 'zod';
import { defineConfig, env, natsServers, secret } from './config.ts';

/** Settings of a process that talks on the bus and keeps state. */
export const busConfig = defineConfig({
  natsUrl: env('CALLWEAVE_NATS_URL', natsServers.describe('The bus: core NATS and JetStream.')),
  natsUser: env('CALLWEAVE_NATS_USER', z.string().optional().describe('User of this service on the bus.')),
  natsPassword: env('CALLWEAVE_NATS_PASSWORD', secret.optional().describe('Password of that user.')),
  faults: env(
    'CALLWEAVE_FAULTS',
    z
      .enum(['off', 'on'])
      .default('off')
      .describe('For rehearsals: whether operators may make things go wrong here, by `callweave fault`.'),
  ),
  stateDir: env(
    'CALLWEAVE_STATE_DIR',
    z.string().min(1).default('.callweave').describe('Directory for the journal; must outlive the process.'),
  ),
});
