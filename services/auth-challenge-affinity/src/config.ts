import { busConfig, type ConfigOf, defineConfig, env, seconds } from '@callweave/service';

export const config = defineConfig({
  ...busConfig,
  nonceSec: env('CALLWEAVE_AUTH_NONCE_SEC', seconds.default(300).describe('How long a nonce may be used.')),
  keyRotationSec: env(
    'CALLWEAVE_AUTH_KEY_ROTATION_SEC',
    seconds.default(86_400).describe('Age at which the key that signs nonces is replaced.'),
  ),
});
export type Config = ConfigOf<typeof config>;
