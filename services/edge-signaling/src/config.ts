import { z } from 'zod';
import { busConfig, type ConfigOf, defineConfig, env, hostPort, networkList, secret } from '@callweave/service';

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
  privateNetworks: env(
    'CALLWEAVE_PRIVATE_NETWORKS',
    networkList
      .optional()
      .describe('Networks on the private side, whose media gets the interface `private` of a node, others `public`.'),
  ),
  media: env(
    'CALLWEAVE_MEDIA',
    z
      .enum(['anchored', 'direct'])
      .default('anchored')
      .describe(
        'Whether media goes through rtpengine, or from phone to phone, which must then reach each other; a browser and a phone are anchored anyway.',
      ),
  ),
  redirects: env(
    'CALLWEAVE_REDIRECTS',
    z
      .enum(['follow', 'pass'])
      .default('follow')
      .describe(
        'What becomes of a call that a phone sends elsewhere (3xx): we follow, or its caller is told where to.',
      ),
  ),
  mtuExtras: env(
    'CALLWEAVE_MTU_EXTRA_HEADERS',
    z
      .string()
      .default('x-fs-*,x-freeswitch-*,p-charging-vector,allow-events,organization,server,user-agent,date,call-info')
      .transform((text) =>
        text
          .toLowerCase()
          .split(',')
          .map((name) => name.trim()),
      )
      .pipe(z.array(z.string().regex(/^[a-z0-9-]+\*?$/, 'must be header names, the last character may be *')))
      .describe('Headers that are left out first of an INVITE too long for a datagram; X-FS-* stands for all of them.'),
  ),
});
export type Config = ConfigOf<typeof config>;
