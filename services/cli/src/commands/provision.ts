import { setTimeout as sleep } from 'node:timers/promises';
import { Bucket, type Connection, openConnection, operatorUser, provision } from '@callweave/bus';
import { systemClock } from '@callweave/clock';
import { defaultTenant, type TenantRecord, tenantsBucket } from '@callweave/contracts';
import { createLogger } from '@callweave/telemetry';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { findBus } from '../operator.ts';

const RETRY_MS = 500;
const Options = z.object({
  replicas: z.coerce.number().int().min(1).max(5),
  realm: z.string().min(1).max(255),
  waitSec: z.coerce.number().int().min(1).max(3_600),
});

/** `callweave provision` */
export function addProvision(program: Command): void {
  program
    .command('provision')
    .description('make streams, buckets and the default tenant as this version needs them; what is there stays')
    .option('--replicas <number>', 'copies of each stream and bucket; 3 on a cluster', '1')
    .option('--realm <realm>', 'realm that passwords of the default tenant are made for', 'callweave')
    .option('--wait-sec <seconds>', 'how long the bus is waited for', '120')
    .action(async (_options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const access = findBus(command);
      const { waitSec, realm, replicas } = parsed.data;
      const end = Date.now() + waitSec * 1_000;
      for (;;) {
        try {
          await provisionOnce(access, replicas, realm);
          console.log(`provisioned ${access.url}`);
          return;
        } catch (error) {
          // Not there yet, or its cluster has not agreed on a leader yet: both look like many things.
          const why = error instanceof Error ? error.message : String(error);
          if (Date.now() + RETRY_MS > end) {
            throw new CliError(`the bus at ${access.url} could not be provisioned: ${why}`, { cause: error });
          }
          await sleep(RETRY_MS);
        }
      }
    });
}

async function provisionOnce(access: ReturnType<typeof findBus>, replicas: number, realm: string): Promise<void> {
  const log = createLogger({ name: 'callweave', level: 'fatal', fd: 2 });
  const connection: Connection = await openConnection({ ...access, name: operatorUser, waitForServer: false }, log);
  try {
    await provision(connection.jsm, { replicas });
    const tenant: TenantRecord = { tenant: defaultTenant, realm, domains: [], minimumAlgorithm: 'MD5' };
    await new Bucket(tenantsBucket, connection, systemClock).create(tenant, tenant);
  } finally {
    await connection.nc.close();
  }
}
