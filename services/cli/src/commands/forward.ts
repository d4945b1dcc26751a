import { type Bus } from '@callweave/bus';
import {
  Forwards,
  RingSec,
  subscribersBucket,
  Tenant,
  User,
  type UserSettings,
  userSettingsBucket,
} from '@callweave/contracts';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';
import { shownText } from '../shown-text.ts';

const { always, busy, noAnswer, unreachable } = Forwards.shape;
const Options = z.object({
  tenant: Tenant,
  ...{ always, busy, unanswered: noAnswer, unreachable },
  ring: z.coerce.number<string>().pipe(RingSec).optional(),
  clear: z.boolean().default(false),
});
const WHEN: Readonly<Record<keyof Forwards, string>> = {
  always: 'always',
  busy: 'when busy',
  noAnswer: 'when not answered',
  unreachable: 'when unreachable',
};

/** `callweave users forward` */
export function addForward(users: Command): void {
  users
    .command('forward <user>')
    .description('send calls of a user on to what he would dial; without options, say where they go')
    .option('--always <target>', 'every call, none of his phones rings')
    .option('--busy <target>', 'when he is busy')
    .option('--unanswered <target>', 'when his phones have rung in vain')
    .option('--unreachable <target>', 'when none of his phones can be reached')
    .option('--ring <seconds>', 'how long his phones ring')
    .option('--clear', 'forget what was set before')
    .option('--tenant <tenant>', 'whose user', 'default')
    .action(async (name: string, _options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      print(await withBus(command, (bus) => set(bus, name, parsed.data)));
    });
}

async function set(bus: Bus, name: string, options: z.infer<typeof Options>): Promise<UserSettings> {
  const { tenant, ring, clear, unanswered, ...others } = options;
  const user = User.parse(name);
  const key = { tenant, user };
  const account = await bus.bucket(subscribersBucket).get(key);
  if (account === undefined) throw new CliError(`there is no account ${name}`);
  const changes = definedOf({ ...others, noAnswer: unanswered });
  const isAsked = clear || ring !== undefined || Object.keys(changes).length > 0;
  const stored = await bus.bucket(userSettingsBucket).modify(key, (current) => {
    if (!isAsked) return 'keep';
    const before = clear ? undefined : current;
    const ringSec = ring ?? before?.ringSec;
    const forwards = { ...before?.forwards, ...changes };
    return { set: { ...key, forwards, ...(ringSec === undefined ? {} : { ringSec }) } };
  });
  return stored ?? { ...key, forwards: {} };
}

function definedOf(forwards: Forwards): Forwards {
  return Object.fromEntries(Object.entries(forwards).filter(([, target]) => target !== undefined));
}

function print({ user, forwards, ringSec }: UserSettings): void {
  const lines = Object.entries(WHEN).flatMap(([when, text]) => {
    const target = forwards[when as keyof Forwards];
    return target === undefined ? [] : [`${text}: to ${shownText(target)}`];
  });
  if (ringSec !== undefined) lines.push(`his phones ring ${String(ringSec)} s`);
  console.log(`${shownText(user)}\n${lines.length === 0 ? '  calls go to his phones' : `  ${lines.join('\n  ')}`}`);
}
