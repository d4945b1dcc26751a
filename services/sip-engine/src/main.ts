import { systemClock } from '@callweave/clock';
import { loadProcessConfig, reportConfigProblems, version } from '@callweave/service';
import { BindError } from '@callweave/sip-engine';
import { createLogger } from '@callweave/telemetry';
import { type EngineConfig, readCommandLine } from './config.ts';
import { environment } from './environment.ts';
import { usage } from './flags.ts';
import { startEngineProcess } from './service.ts';

const NAME = 'callweave-sip-engine';

const { secret, ...health } = loadProcessConfig(environment);
const commandLine = readCommandLine(process.argv.slice(2), { secret: secret?.reveal(), ...health });
switch (commandLine.kind) {
  case 'help':
    process.stdout.write(usage());
    break;
  case 'version':
    process.stdout.write(`v${version}\n`);
    break;
  case 'wrong':
    reportConfigProblems(NAME, commandLine.problems);
    break;
  case 'run':
    await run(commandLine.config);
}

async function run(config: EngineConfig): Promise<void> {
  const log = createLogger({ name: 'sip-engine', level: config.logLevel });
  try {
    const engine = await startEngineProcess(config, { clock: systemClock, log });
    process.on('SIGHUP', () => engine.reload());
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        // Asked twice, there is no more waiting.
        if (isStopping) process.exit(1);
        isStopping = true;
        void engine.stop().then(() => process.exit(0));
      });
    }
  } catch (error) {
    const reason = error instanceof BindError ? `${error.endpoint} is not available (${error.reason})` : String(error);
    process.stderr.write(`${NAME}: ${reason}\n`);
    process.exit(1);
  }
}
