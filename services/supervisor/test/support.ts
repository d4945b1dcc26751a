import { loadConfig } from '@callweave/service';
import { type Config, config } from '../src/config.ts';

/** The configuration that these variables give. */
export function configOf(environment: Readonly<Record<string, string>> = {}): Config {
  return loadConfig(config, environment);
}
