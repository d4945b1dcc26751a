import { type Command } from 'commander';
import { z } from 'zod';
import { type Audit } from '../audit/audit.ts';
import { readBooks } from '../audit/read-books.ts';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';
import { shownText } from '../shown-text.ts';
import { parseMoment } from '../moment.ts';

const DETAIL_WIDTH = 200;
const Options = z.object({
  since: z.string(),
  until: z.string().optional(),
  graceSec: z.coerce.number().int().min(0).max(86_400),
  json: z.boolean().default(false),
});

/** `callweave audit`: exits 0 when the books of calls balance, 1 when they do not, 69 when the bus is away. */
export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('prove that every call has one end and one record, or name those that have not')
    .option('--since <when>', 'from so long ago (15m, 2h, 3d), or from a date', '1h')
    .option('--until <when>', 'to so long ago, or to a date; now unless given')
    .option('--grace-sec <seconds>', 'a call that was heard of so recently may be about to end', '60')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const { since, until, graceSec, json } = parsed.data;
      const nowMs = Date.now();
      const fromMs = parseMoment('--since', since, nowMs);
      const toMs = until === undefined ? nowMs : parseMoment('--until', until, nowMs);
      if (fromMs >= toMs) throw new CliError('--until is before --since');
      const audit = await withBus(command, (bus) => readBooks(bus, { fromMs, toMs, nowMs, graceMs: 1_000 * graceSec }));
      const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
      if (json) console.log(JSON.stringify({ from, to, ...audit }));
      else print(audit, `${from ?? ''} to ${to ?? ''}`);
      if (audit.findings.length > 0) process.exitCode = 1;
    });
}

function print({ findings, ...total }: Audit, period: string): void {
  for (const { atMs, callId, fault, detail } of findings) {
    console.log(`${new Date(atMs).toISOString()} ${shownText(callId)} ${fault}: ${shownText(detail, DETAIL_WIDTH)}`);
  }
  const { calls, answered, failed, inProgress, beganBefore, endedAfter } = total;
  console.log(period);
  console.log(
    `${String(calls)} calls: ${String(answered)} answered, ${String(failed)} failed, ${String(inProgress)} in progress` +
      `; ${String(beganBefore)} began before, ${String(endedAfter)} ended after`,
  );
  const off = new Set(findings.map(({ callId }) => callId)).size;
  console.log(off === 0 ? 'the books balance' : `the books do not balance: ${String(off)} calls are off`);
}
