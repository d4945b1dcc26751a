import { z } from 'zod';
import { defineConfig, env, secret } from './config.ts';

/** Settings of a process that talks on the bus and keeps state. */
export const busConfig = defineConfig({
  natsUrl: env(
    'CALLWEAVE_NATS_URL',
    z
      .string()
      .regex(
        /^(nats|tls):\/\/[^\s,]+(,(nats|tls):\/\/[^\s,]+)*$/,
        'expected nats://host:port, several separated by commas',
      )
      .describe('The bus: core NATS and JetStream.'),
  ),
  natsUser: env('CALLWEAVE_NATS_USER', z.string().optional().describe('User of this service on the bus.')),
  natsPassword: env('CALLWEAVE_NATS_PASSWORD', secret.optional().describe('Password of that user.')),
  stateDir: env(
    'CALLWEAVE_STATE_DIR',
    z.string().min(1).default('.callweave').describe('Directory for the journal; must outlive the process.'),
  ),
});
