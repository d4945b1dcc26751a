import { busConfig, type ConfigOf, defineConfig, env, port, Secret } from '@callweave/service';
import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** A shorter token can be guessed over the network. */
const MIN_TOKEN_CHARS = 16;

export const config = defineConfig({
  natsUrl: busConfig.natsUrl,
  natsUser: busConfig.natsUser,
  natsPassword: busConfig.natsPassword,
  host: env(
    'CALLWEAVE_CONSOLE_HOST',
    z.string().min(1).default('127.0.0.1').describe('Address of the page and the API; any but loopback needs a token.'),
  ),
  port: env('CALLWEAVE_CONSOLE_PORT', port.default(8060).describe('Port of the page and the API; 0 picks a free one.')),
  token: env(
    'CALLWEAVE_CONSOLE_TOKEN',
    z
      .string()
      .min(MIN_TOKEN_CHARS, `expected at least ${String(MIN_TOKEN_CHARS)} characters`)
      .transform((value) => new Secret(value))
      .optional()
      .describe('What people sign in with and programs send as `Authorization: Bearer`.'),
  ),
  publicUrl: env(
    'CALLWEAVE_CONSOLE_URL',
    z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Where people open the page when a proxy stands before it; with https the session cookie is Secure.'),
  ),
});
export type Config = ConfigOf<typeof config>;

/** A page that others reach and nobody has to sign in to. */
export function contradictions({ host, token }: Config): string[] {
  if (token !== undefined || isLoopback(host)) return [];
  return [`${config.token.variable}: is required while ${config.host.variable} is not loopback`];
}
