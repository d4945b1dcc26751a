import { Bus, BusError, BusUnavailableError } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { listRegistrations, removeRegistration, type ServiceProfile } from '@callweave/contracts';
import {
  busConfig,
  createInstanceId,
  defineConfig,
  loadProcessConfig,
  type PlatformFile,
  readPlatformFile,
  version,
} from '@callweave/service';
import { createLogger } from '@callweave/telemetry';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from './errors.ts';

/** The bus is away (`EX_UNAVAILABLE`, sysexits.h). */
const EXIT_UNAVAILABLE = 69;

/** What operators ask; their user on the bus may do everything. */
const operatorProfile: ServiceProfile = {
  name: 'operator',
  serves: [],
  asks: [listRegistrations, removeRegistration],
  publishes: [],
  consumes: [],
  reads: [],
  writes: [],
};

const table = defineConfig({
  natsUrl: { variable: busConfig.natsUrl.variable, schema: busConfig.natsUrl.schema.optional() },
  natsUser: busConfig.natsUser,
  natsPassword: busConfig.natsPassword,
});

export interface BusAccess {
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** Directory of the platform that a command is about. */
export function stateDirOf(command: Command): string {
  return z.object({ stateDir: z.string() }).parse(command.optsWithGlobals()).stateDir;
}

/** How to reach the bus: from the environment, else from the platform that runs in the state directory. */
export function findBus(command: Command): BusAccess {
  const { natsUrl, natsUser, natsPassword } = loadProcessConfig(table);
  if (natsUrl !== undefined) return { url: natsUrl, user: natsUser, password: natsPassword?.reveal() };
  const platform: PlatformFile | undefined = readPlatformFile(stateDirOf(command));
  if (platform !== undefined) return platform.nats;
  throw new CliError(
    `no platform runs in ${stateDirOf(command)}; start one with "npm start", name its directory with --state-dir, or set ${table.natsUrl.variable}`,
  );
}

/** Runs `work` with the operator's access to the bus. Throws `CliError`, with exit code 69 when the bus is away. */
export async function withBus<T>(command: Command, work: (bus: Bus) => Promise<T>): Promise<T> {
  const access = findBus(command);
  const log = createLogger({ name: 'callweave', level: 'fatal', fd: 2 });
  const options = { profile: operatorProfile, instance: createInstanceId(), version, clock: systemClock, log };
  let bus: Bus;
  try {
    bus = await Bus.connect({ ...access, ...options, waitForServer: false });
  } catch (error) {
    const why = `the bus at ${access.url} cannot be reached: ${String(error)}`;
    throw new CliError(why, { cause: error, exitCode: EXIT_UNAVAILABLE });
  }
  try {
    return await work(bus);
  } catch (error) {
    if (error instanceof BusError) {
      const exitCode = error instanceof BusUnavailableError ? { exitCode: EXIT_UNAVAILABLE } : {};
      throw new CliError(error.message, { cause: error, ...exitCode });
    }
    throw error;
  } finally {
    await bus.close();
  }
}
