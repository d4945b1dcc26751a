import { defineConfig, env, port, processConfig, secret } from '@callweave/service';

/** What the process reads from its environment: what must not be seen in a list of processes, and what every process has. */
export const environment = defineConfig({
  secret: env(
    'DRACHTIO_SECRET',
    secret
      .optional()
      .describe('What applications authenticate with, unless --secret says it; drachtio-server has it too.'),
  ),
  httpHost: processConfig.httpHost,
  httpPort: env(
    processConfig.httpPort.variable,
    port.optional().describe('Port of health and metrics, unless --http-port says it; none unless given.'),
  ),
});
