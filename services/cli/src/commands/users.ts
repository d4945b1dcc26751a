import { randomBytes } from 'node:crypto';
import { type Bus } from '@callweave/bus';
import {
  DigestAlgorithm,
  digestAlgorithms,
  type Subscriber,
  subscribersBucket,
  Tenant,
  type TenantRecord,
  tenantsBucket,
  User,
} from '@callweave/contracts';
import { computeHa1 } from '@callweave/sip';
import Table from 'cli-table3';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';
import { addForward } from './forward.ts';

const AddOptions = z.object({
  tenant: z.string(),
  password: z.string().min(1).optional(),
  replace: z.boolean().default(false),
  strongest: DigestAlgorithm,
});
const ListOptions = z.object({ tenant: z.string() });
const PASSWORD_BYTES = 12;

/** `callweave users add|list|forward` */
export function addUsers(program: Command): void {
  const users = program.command('users').description('add and list accounts, and forward their calls');
  addForward(users);
  users
    .command('add <user>')
    .description('make an account; prints its password when none is given')
    .option('--password <password>', 'password; generated unless given')
    .option('--tenant <tenant>', 'whose account', 'default')
    .option('--strongest <algorithm>', `digest algorithm to offer first (${digestAlgorithms.join(', ')})`, 'MD5')
    .option('--replace', 'give an existing account this password')
    .action(async (user: string, _options: unknown, command: Command) => {
      const parsed = AddOptions.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const password = parsed.data.password ?? randomBytes(PASSWORD_BYTES).toString('base64url');
      await withBus(command, (bus) => add(bus, user, password, parsed.data));
      console.log(parsed.data.password === undefined ? `${user} added, password ${password}` : `${user} added`);
    });
  users
    .command('list')
    .description('list accounts')
    .option('--tenant <tenant>', 'whose accounts', 'default')
    .action(async (_options: unknown, command: Command) => {
      const { tenant } = ListOptions.parse(command.opts());
      const records = await withBus(command, (bus) => bus.bucket(subscribersBucket).list());
      print(records.map(({ value }) => value).filter((subscriber) => subscriber.tenant === tenant));
    });
}

async function add(bus: Bus, name: string, password: string, options: z.infer<typeof AddOptions>): Promise<void> {
  const tenant = Tenant.parse(options.tenant);
  const user = User.parse(name);
  const owner = await bus.bucket(tenantsBucket).get({ tenant });
  if (owner === undefined) throw new CliError(`there is no tenant ${options.tenant}`);
  const subscriber = subscriberOf(owner.value, user, password, options.strongest);
  const bucket = bus.bucket(subscribersBucket);
  if (options.replace) await bucket.modify({ tenant, user }, () => ({ set: subscriber }));
  else if (!(await bucket.create({ tenant, user }, subscriber))) {
    throw new CliError(`${name} exists already; --replace gives it a new password`);
  }
}

function subscriberOf(
  { tenant, realm }: TenantRecord,
  user: User,
  password: string,
  strongest: DigestAlgorithm,
): Subscriber {
  const ha1 = Object.fromEntries(
    digestAlgorithms.map((algorithm) => [algorithm, computeHa1(algorithm, user, realm, password)]),
  );
  return { tenant, user, realm, ha1, strongestUsed: strongest, createdAt: Date.now() };
}

function print(subscribers: readonly Subscriber[]): void {
  const table = new Table({ head: ['user', 'realm', 'strongest digest', 'since'], style: { head: [] } });
  for (const { user, realm, strongestUsed, createdAt } of subscribers) {
    table.push([user, realm, strongestUsed, new Date(createdAt).toISOString().slice(0, 10)]);
  }
  console.log(table.toString());
}
