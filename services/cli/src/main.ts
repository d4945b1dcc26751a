import { busConfig, loadProcessConfig, version } from '@callweave/service';
import { Command } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addCalls } from './commands/calls.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFault } from './commands/fault.ts';
import { addNatsConfig } from './commands/nats-config.ts';
import { addProbe } from './commands/probe.ts';
import { addProvision } from './commands/provision.ts';
import { addRegistrations } from './commands/registrations.ts';
import { addSecrets } from './commands/secrets.ts';
import { addTrunks } from './commands/trunks.ts';
import { addUsers } from './commands/users.ts';
import { addVersion } from './commands/version.ts';
import { CliError } from './errors.ts';

const { stateDir } = loadProcessConfig({ stateDir: busConfig.stateDir });

const program = new Command('callweave')
  .description('Looks after a Callweave platform.')
  .version(version)
  .option('--state-dir <directory>', 'where the platform keeps its state', stateDir);

for (const add of [
  addVersion,
  addDoctor,
  addRegistrations,
  addCalls,
  addAudit,
  addUsers,
  addTrunks,
  addProvision,
  addProbe,
  addNatsConfig,
  addSecrets,
  addFault,
])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`callweave: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
