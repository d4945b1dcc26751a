import { defineConfig, env, secret } from '@callweave/service';

/** What the process reads from its environment: what must not be seen in a list of processes. */
export const environment = defineConfig({
  secret: env(
    'DRACHTIO_SECRET',
    secret
      .optional()
      .describe('What applications authenticate with, unless --secret says it; drachtio-server has it too.'),
  ),
});
