import { writeFileSync } from 'node:fs';
import { natsServerConfig } from '@callweave/bus';
import { serviceProfiles } from '@callweave/contracts';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { natsPasswordVariable } from '../password-variables.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const Options = z.object({
  host: z.string().min(1),
  port,
  httpPort: port.optional(),
  storeDir: z.string().min(1),
  output: z.string().optional(),
});

/** `callweave nats-config` */
export function addNatsConfig(program: Command): void {
  program
    .command('nats-config')
    .description('print the configuration of a nats-server with a user for each service; it holds no password')
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--port <port>', 'port for clients', '4222')
    .option('--http-port <port>', 'port for health and statistics; none unless given')
    .option('--store-dir <directory>', 'where JetStream keeps its data', '/data')
    .option('--output <file>', 'write it there instead')
    .action((_options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const { output, httpPort, ...rest } = parsed.data;
      const http = httpPort === undefined ? {} : { httpPort };
      const text = configuration({ ...rest, ...http });
      if (output === undefined) process.stdout.write(text);
      else writeFileSync(output, text);
    });
}

type Place = Omit<Parameters<typeof natsServerConfig>[0], 'profiles' | 'password'>;

/** nats-server takes the passwords from its environment; only without quotes it sees a variable. */
function configuration(place: Place): string {
  const password = (user: string): string => `$${natsPasswordVariable(user)}`;
  return natsServerConfig({ ...place, profiles: serviceProfiles, password }).replace(/"(\$NATS_PASSWORD_\w+)"/g, '$1');
}
