import { type CallLeg, type Cdr, callRecorded, Tenant } from '@callweave/contracts';
import Table from 'cli-table3';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { withBus } from '../operator.ts';
import { shownText } from '../shown-text.ts';
import { parseMoment } from '../moment.ts';

const Options = z.object({
  tenant: Tenant,
  since: z.string(),
  id: z.string().optional(),
  json: z.boolean().default(false),
});
const PARTY_WIDTH = 40;

/** `callweave calls` */
export function addCalls(program: Command): void {
  program
    .command('calls')
    .description('list the calls that are over, or show one of them')
    .option('--tenant <tenant>', 'whose calls', 'default')
    .option('--since <when>', 'how long ago (15m, 2h, 3d), or a date', '1d')
    .option('--id <call>', 'show this call, whenever it was')
    .option('--json', 'print JSON, one call a line')
    .action(async (_options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const { tenant, since, id, json } = parsed.data;
      const range = id === undefined ? { sinceMs: parseMoment('--since', since, Date.now()) } : {};
      const tokens = { tenant, ...(id === undefined ? {} : { callId: id }) };
      const records = await withBus(command, async (bus) => {
        const found: Cdr[] = [];
        for await (const { data } of bus.storedFacts(callRecorded, { tokens, ...range })) found.push(data);
        return found;
      });
      const [only] = records;
      if (id !== undefined && only === undefined) throw new CliError(`there is no record of call ${id}`);
      if (json) for (const record of records) console.log(JSON.stringify(record));
      else if (id !== undefined && only !== undefined) show(only);
      else list(records);
    });
}

function list(records: readonly Cdr[]): void {
  const head = ['began', 'call', 'from', 'dialled', 'answered by', 'rang', 'talked', 'ended by', 'why', 'Q.850'];
  const table = new Table({ head, style: { head: [] } });
  for (const { initiatedAt, callId, from, dialled, legs, pddMs, talkMs, cause } of records) {
    const answerer = legs.find(({ role, answeredAt }) => role === 'callee' && answeredAt !== undefined);
    table.push([
      timeOf(initiatedAt),
      callId,
      shownText(from ?? '', PARTY_WIDTH),
      shownText(dialled ?? '', PARTY_WIDTH),
      shownText(answerer?.user ?? answerer?.device ?? '', PARTY_WIDTH),
      pddMs === undefined ? '' : `after ${seconds(pddMs)}`,
      seconds(talkMs),
      cause.by,
      cause.reason,
      cause.q850,
    ]);
  }
  console.log(table.toString());
  console.log(`${String(records.length)} calls`);
}

function show(record: Cdr): void {
  const {
    callId,
    from,
    to,
    source,
    dialled,
    sipCallId,
    cause,
    pddMs,
    setupMs,
    talkMs,
    traceId,
    node,
    forwardings = [],
  } = record;
  const about = new Table({ style: { head: [] } });
  const row = (name: string, value: string | undefined): void => {
    if (value !== undefined) about.push({ [name]: shownText(value, 100) });
  };
  row('call', callId);
  row('from', from);
  row('to', to);
  if (source?.kind === 'trunk') row('trunk', source.trunk);
  row('dialled', dialled);
  row('SIP Call-ID', sipCallId);
  row('began', timeOf(record.initiatedAt));
  row('rang after', pddMs === undefined ? undefined : seconds(pddMs));
  row('answered after', setupMs === undefined ? undefined : seconds(setupMs));
  row('ended', timeOf(record.endedAt));
  row('talked', seconds(talkMs));
  const status = cause.sipStatus === undefined ? '' : `, SIP ${String(cause.sipStatus)}`;
  row('cause', `${cause.reason} by ${cause.by}${status}, Q.850 ${String(cause.q850)}`);
  for (const { by, to: target, reason } of forwardings) row('forwarded', `by ${by} to ${target} (${reason})`);
  row('media node', node);
  row('trace', traceId);
  console.log(about.toString());
  const head = ['leg', 'user', 'device', 'rang', 'answered', 'ended', 'status', 'packets', 'lost', 'jitter', 'MOS'];
  const legs = new Table({ head, style: { head: [] } });
  for (const leg of record.legs) legs.push(legRow(leg));
  console.log(legs.toString());
}

function legRow({ role, user, device, ringingAt, answeredAt, endedAt, sipStatus, media }: CallLeg): string[] {
  const { packets, packetsLost, jitterMs, mos } = media ?? {};
  return [
    role,
    shownText(user ?? ''),
    shownText(device),
    ...[ringingAt, answeredAt, endedAt].map((at) => (at === undefined ? '' : timeOf(at).slice(11))),
    ...[sipStatus, packets, packetsLost].map((value) => (value === undefined ? '' : String(value))),
    jitterMs === undefined ? '' : `${jitterMs.toFixed(1)} ms`,
    mos?.toFixed(1) ?? '',
  ];
}

function timeOf(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
