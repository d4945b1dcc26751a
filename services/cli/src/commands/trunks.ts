import { BlockList, isIPv6 } from 'node:net';
import { type Bus } from '@callweave/bus';
import { Tenant, tenantsBucket, type Trunk, TrunkId, TrunkNetwork, trunksBucket } from '@callweave/contracts';
import Table from 'cli-table3';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';

const Options = z.object({
  tenant: Tenant,
  networks: z
    .string()
    .transform((text) => text.split(',').map((network) => network.trim()))
    .pipe(z.array(TrunkNetwork).min(1).max(64)),
});
const TenantOnly = Options.pick({ tenant: true });

/** `callweave trunks set|list|remove` */
export function addTrunks(program: Command): void {
  const trunks = program.command('trunks').description('carriers and PBXs, which are known by their addresses');
  trunks
    .command('set <trunk>')
    .description('let in without a password whoever sends from these networks, as this trunk and no other')
    .requiredOption('--networks <networks>', 'as 198.51.100.0/24,2001:db8::/32')
    .option('--tenant <tenant>', 'whose trunk', 'default')
    .action(async (name: string, _options: unknown, command: Command) => {
      const { tenant, networks } = parsed(Options, command);
      await withBus(command, (bus) => set(bus, { tenant, trunk: parsedName(name), networks }));
      console.log(`${name}: ${networks.join(', ')}`);
    });
  trunks
    .command('list')
    .description('list trunks of all tenants')
    .action(async (_options: unknown, command: Command) => print(await withBus(command, known)));
  trunks
    .command('remove <trunk>')
    .description('ask whoever sends from its networks for a password again')
    .option('--tenant <tenant>', 'whose trunk', 'default')
    .action(async (name: string, _options: unknown, command: Command) => {
      const key = { ...parsed(TenantOnly, command), trunk: parsedName(name) };
      await withBus(command, (bus) => remove(bus, key));
      console.log(`${name} is no trunk any more`);
    });
}

async function set(bus: Bus, trunk: Trunk): Promise<void> {
  if ((await bus.bucket(tenantsBucket).get({ tenant: trunk.tenant })) === undefined)
    throw new CliError(`there is no tenant ${trunk.tenant}`);
  for (const other of await known(bus)) {
    if (other.tenant === trunk.tenant && other.trunk === trunk.trunk) continue;
    const shared = trunk.networks.find((network) => other.networks.some((theirs) => isSame(network, theirs)));
    if (shared !== undefined) throw new CliError(`${shared} is trunk ${other.trunk} of tenant ${other.tenant}`);
  }
  await bus.bucket(trunksBucket).modify(trunk, () => ({ set: trunk }));
}

async function remove(bus: Bus, { tenant, trunk }: Pick<Trunk, 'tenant' | 'trunk'>): Promise<void> {
  const trunks = await known(bus);
  if (!trunks.some((one) => one.tenant === tenant && one.trunk === trunk))
    throw new CliError(`there is no trunk ${trunk}`);
  // Edges learn of what is stored; a deletion could pass one by that is away.
  await bus.bucket(trunksBucket).modify({ tenant, trunk }, () => ({ set: { tenant, trunk, networks: [] } }));
}

/** Those that have networks. */
async function known(bus: Bus): Promise<Trunk[]> {
  const records = await bus.bucket(trunksBucket).list();
  return records.map(({ value }) => value).filter(({ networks }) => networks.length > 0);
}

/** Whether two networks have the same addresses, however they are written. */
function isSame(one: string, other: string): boolean {
  const [address = '', bits = ''] = one.split('/');
  const [otherAddress = '', otherBits = ''] = other.split('/');
  const list = new BlockList();
  list.addSubnet(address, Number(bits), familyOf(address));
  return bits === otherBits && list.check(otherAddress, familyOf(otherAddress));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

function parsedName(name: string): TrunkId {
  const { data, error } = TrunkId.safeParse(name);
  if (data === undefined) throw new CliError(`${name}: ${z.prettifyError(error)}`);
  return data;
}

function parsed<S extends z.ZodType>(schema: S, command: Command): z.output<S> {
  const { data, error } = schema.safeParse(command.opts());
  if (error !== undefined) throw new CliError(z.prettifyError(error));
  return data;
}

function print(trunks: readonly Trunk[]): void {
  const table = new Table({ head: ['trunk', 'tenant', 'networks'], style: { head: [] } });
  for (const { trunk, tenant, networks } of trunks) table.push([trunk, tenant, networks.join(', ')]);
  console.log(table.toString());
}
