import { busConfig, type ConfigOf, defineConfig, env, port, processConfig, Secret, secret } from '@callweave/service';
import { z } from 'zod';
import { allSettings, type Setting } from './settings.table.ts';
import { Source } from './source.ts';

/** Where every process has its health. */
export const health = defineConfig({
  httpHost: processConfig.httpHost,
  httpPort: env(
    processConfig.httpPort.variable,
    port.optional().describe('Port of health and metrics, unless --http-port says it; none unless given.'),
  ),
});

/** What is allowed of those who rehearse; the messages of an engine are theirs who speak for it on the bus. */
export const rehearsals = defineConfig({ faults: busConfig.faults });

/** What drachtio-server reads from its environment; a flag of the same meaning counts more. */
export const environment = defineConfig(
  Object.fromEntries(
    allSettings.flatMap(([name, setting]) => {
      if (setting.variable === undefined) return [];
      const schema = setting.secret === true ? secret.optional() : z.string().optional();
      return [[name, env(setting.variable, schema.describe(describe(name, setting)))]];
    }),
  ),
);

/** What the environment says. */
export class Environment extends Source {
  constructor(said: ConfigOf<typeof environment> = {}) {
    super();
    for (const [name, { variable }] of allSettings) {
      const value = said[name];
      const text = value instanceof Secret ? value.reveal() : value;
      if (variable !== undefined && text !== undefined) this.take(name, { text, from: variable });
    }
  }
}

function describe(name: string, { does, ignored = '', flag }: Setting): string {
  if (does === undefined) return `No effect: ${ignored}.`;
  return flag === false ? `${sentence(does)}.` : `As \`--${name}\`: ${does}.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
