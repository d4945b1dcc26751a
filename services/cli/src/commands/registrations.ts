import { type Bus } from '@callweave/bus';
import { type Binding, listRegistrations, Tenant, type User } from '@callweave/contracts';
import Table from 'cli-table3';
import { type Command } from 'commander';
import { z } from 'zod';
import { withBus } from '../operator.ts';
import { shownText } from '../shown-text.ts';

const PAGE = 500;
const DEADLINE_MS = 5_000;
const Options = z.object({ tenant: z.string(), json: z.boolean().default(false) });

interface Registered {
  readonly user: User;
  readonly aor: string;
  readonly bindings: readonly Binding[];
}

/** `callweave registrations` */
export function addRegistrations(program: Command): void {
  program
    .command('registrations')
    .description('list who is registered, and where')
    .option('--tenant <tenant>', 'whose users', 'default')
    .option('--json', 'print JSON, one user a line')
    .action(async (_options: unknown, command: Command) => {
      const { tenant, json } = Options.parse(command.opts());
      const users = await withBus(command, (bus) => listAll(bus, Tenant.parse(tenant)));
      if (json) for (const user of users) console.log(JSON.stringify(user));
      else print(users);
    });
}

async function listAll(bus: Bus, tenant: Tenant): Promise<Registered[]> {
  const users: Registered[] = [];
  for (let after: string | undefined; ; after = users.at(-1)?.user) {
    const page = await bus.ask(
      listRegistrations,
      {},
      { tenant, after, limit: PAGE },
      { deadlineMs: DEADLINE_MS, attemptMs: DEADLINE_MS },
    );
    users.push(...page.users);
    if (!page.more) return users;
  }
}

function print(users: readonly Registered[]): void {
  const table = new Table({ head: ['user', 'contact', 'expires in', 'edge', 'user agent'], style: { head: [] } });
  const now = Date.now();
  for (const { aor, bindings } of users) {
    for (const { contact, expiresAt, edge, userAgent } of bindings) {
      table.push([
        shownText(aor),
        shownText(contact),
        `${String(Math.round((expiresAt - now) / 1000))} s`,
        edge,
        shownText(userAgent ?? ''),
      ]);
    }
  }
  console.log(table.toString());
  console.log(`${String(users.length)} registered`);
}
