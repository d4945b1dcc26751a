import { lookup } from 'node:dns/promises';
import { type Command } from 'commander';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { askSip } from '../sip-question.ts';

const Options = z.object({ timeoutSec: z.coerce.number().min(1).max(600) });

/** Asked for credentials, or let in: the edge, the bus and auth-challenge-affinity have all had their say. */
const sound: ReadonlySet<string | undefined> = new Set(['200', '401', '407']);

/** `callweave probe`: exits 1 unless every address of the name answers a REGISTER as it should. */
export function addProbe(program: Command): void {
  program
    .command('probe <host:port>')
    .description('send a REGISTER without credentials to every address of a name; each must ask for them')
    .option('--timeout-sec <seconds>', 'how long to wait for an answer', '10')
    .action(async (uri: string, _options: unknown, command: Command) => {
      const parsed = Options.safeParse(command.opts());
      if (!parsed.success) throw new CliError(z.prettifyError(parsed.error));
      const timeoutMs = parsed.data.timeoutSec * 1_000;
      const { host, port } = splitHostPort(uri);
      const answers = await Promise.all(
        (await addressesOf(host)).map(async (ip) => ({
          ip,
          status: await askSip({ method: 'REGISTER', ip, port, uri, timeoutMs }),
        })),
      );
      for (const { ip, status } of answers) console.log(`${ip} ${status ?? 'no answer'}`);
      if (!answers.every(({ status }) => sound.has(status))) process.exitCode = 1;
    });
}

function splitHostPort(text: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match === null) throw new CliError(`${text}: expected host:port`);
  const [, host = '', port = ''] = match;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new CliError(`${host} has no address`, { cause: error });
  }
}
