import { type Command } from 'commander';
import { addressChecks } from '../checks/addresses.ts';
import { busChecks } from '../checks/bus.ts';
import { type Check, type Finding, wrong } from '../checks/check.ts';
import { setUpChecks } from '../checks/set-up.ts';
import { traceChecks } from '../checks/traces.ts';

/** `callweave doctor`: exits 1 when anything is wrong. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check set-up, addresses, bus and clocks')
    .action(async (_options: unknown, command: Command) => {
      const checks = [...setUpChecks, ...addressChecks, ...busChecks, ...traceChecks];
      const width = Math.max(...checks.map(({ name }) => name.length));
      let healthy = true;
      for (const check of checks) {
        const { ok, detail, advice } = await look(check, command);
        healthy &&= ok;
        console.log(
          `${ok ? '✓' : '✗'} ${check.name.padEnd(width)}  ${detail}${advice === undefined ? '' : ` → ${advice}`}`,
        );
      }
      if (!healthy) process.exitCode = 1;
    });
}

async function look(check: Check, command: Command): Promise<Finding> {
  try {
    return await check.run(command);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error), 'npm start');
  }
}
