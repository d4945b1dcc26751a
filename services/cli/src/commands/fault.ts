import { type Bus } from '@callweave/bus';
import { controlFaults, Fault, instancesBucket, type Lease, type SetFault } from '@callweave/contracts';
import Table from 'cli-table3';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';

const ANSWER_MS = 1_000;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** A process and the faults that are set in it. */
interface Rehearsing extends Pick<Lease, 'service' | 'instance'> {
  readonly faults: readonly SetFault[];
}

type Question = z.input<(typeof controlFaults)['request']>;

/** `callweave fault`: makes things go wrong on purpose in processes that run with CALLWEAVE_FAULTS=on. */
export function addFault(program: Command): void {
  const fault = program.command('fault').description('make things go wrong on purpose, to rehearse what survives it');
  fault
    .command('list [target]')
    .description('show the processes in which faults may be set, and those that are; of one service or instance')
    .option('--json', 'print JSON, one process a line')
    .action(async (target: string | undefined, _options: unknown, command: Command) => {
      await tell(command, target, { ask: 'list' });
    });
  fault
    .command('set <target> <kind>')
    .description(
      'set one in a service or instance: exit, freeze, slow, cut-off, late, late-writes, no-writes, drop, delay, duplicate, cut-node',
    )
    .option('--at <point>', 'exit, freeze, slow: where')
    .option('--pass <number>', 'exit, freeze, slow: when the point is reached so many times', '1')
    .option('--for <time>', 'all but exit: how long (200ms, 10s, 1m)', '10s')
    .option('--way <way>', 'cut-off, drop, delay, duplicate: in, out or both', 'both')
    .option('--by <time>', 'late, late-writes, delay: by how much', '200ms')
    .option('--bucket <name>', 'no-writes, late-writes: to which bucket', 'calls')
    .option('--method <method>', 'drop, delay, duplicate: of these requests and their responses alone')
    .option('--share <share>', 'drop, delay, duplicate: which share of them, 0 to 1; all unless given')
    .option('--next <number>', 'drop, delay, duplicate: how many more at most')
    .option('--node <address>', 'cut-node: which rtpengine, host:port')
    .option('--json', 'print JSON, one process a line')
    .action(async (target: string, kind: string, _options: unknown, command: Command) => {
      await tell(command, target, { ask: 'set', fault: faultOf(kind, command.opts()) });
    });
  fault
    .command('clear [target]')
    .description('clear all that is set, everywhere or in one service or instance')
    .option('--json', 'print JSON, one process a line')
    .action(async (target: string | undefined, _options: unknown, command: Command) => {
      await tell(command, target, { ask: 'clear' });
    });
}

function faultOf(kind: string, options: Readonly<Record<string, unknown>>): Fault {
  const { for: forText, by } = z.object({ for: z.string(), by: z.string() }).parse(options);
  const number = (name: string): object => (options[name] === undefined ? {} : { [name]: Number(options[name]) });
  const asked = {
    ...options,
    ...number('share'),
    ...number('next'),
    kind,
    pass: Number(options['pass']),
    forMs: timeMs('--for', forText),
  };
  const parsed = Fault.safeParse({ ...asked, byMs: timeMs('--by', by) });
  if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
  return parsed.data;
}

function timeMs(option: string, text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) throw new CliError(`${option} takes 200ms, 10s or 1m, not ${text}`);
  return Number(count) * unitMs;
}

async function tell(command: Command, target: string | undefined, question: Question): Promise<void> {
  const processes = await withBus(command, (bus) => askAll(bus, target, question));
  if (processes.length === 0) {
    const who = target === undefined ? 'no process' : `no process of ${target}`;
    throw new CliError(`${who} lets faults be set: start it with CALLWEAVE_FAULTS=on`);
  }
  if (command.opts()['json'] === true) for (const process of processes) console.log(JSON.stringify(process));
  else print(processes);
}

async function askAll(bus: Bus, target: string | undefined, question: Question): Promise<Rehearsing[]> {
  const leases = (await bus.bucket(instancesBucket).list()).map(({ value }) => value);
  const meant = leases.filter(({ service, instance }) => [undefined, service, instance].includes(target));
  const asked = meant.map(async ({ service, instance }) => {
    const told = await bus.askOnce(controlFaults, { instance }, question, ANSWER_MS);
    return told.kind === 'answered' ? [{ service, instance, faults: told.answer.faults }] : [];
  });
  const answered = (await Promise.all(asked)).flat();
  return answered.sort((one, other) => one.service.localeCompare(other.service));
}

function print(processes: readonly Rehearsing[]): void {
  const table = new Table({ head: ['service', 'instance', 'fault', 'left'], style: { head: [] } });
  for (const { service, instance, faults } of processes) {
    if (faults.length === 0) table.push([service, instance, 'none', '']);
    for (const { fault, leftMs } of faults) {
      const { kind, ...rest } = fault;
      const details = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`);
      const left = leftMs === undefined ? '' : `${(leftMs / 1_000).toFixed(1)} s`;
      table.push([service, instance, [kind, ...details].join(' '), left]);
    }
  }
  console.log(table.toString());
}
