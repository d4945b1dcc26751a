import { systemClock } from '@callweave/clock';
import { ConfigError, loadProcessConfig, reportConfigProblems, version } from '@callweave/service';
import { BindError } from '@callweave/sip-engine';
import { createLogger } from '@callweave/telemetry';
import { type EngineConfig, readConfig, type Wish } from './config.ts';
import { environment, Environment, health, rehearsals } from './environment.ts';
import { logTargets } from './log-targets.ts';
import { startEngineProcess } from './service.ts';
import { usage } from './settings.table.ts';

const NAME = 'callweave-sip-engine';

const wish = readWish();
switch (wish.kind) {
  case 'help':
    process.stdout.write(usage());
    break;
  case 'version':
    process.stdout.write(`v${version}\n`);
    break;
  case 'wrong':
    reportConfigProblems(NAME, wish.problems);
    break;
  case 'run':
    await run(wish.config);
}

function readWish(): Wish {
  const args = process.argv.slice(2);
  try {
    const surroundings = { ...loadProcessConfig(health), environment: new Environment(loadProcessConfig(environment)) };
    return readConfig(args, surroundings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const rest = readConfig(args);
    return { kind: 'wrong', problems: [...error.problems, ...(rest.kind === 'wrong' ? rest.problems : [])] };
  }
}

async function run(config: EngineConfig): Promise<void> {
  try {
    const name = 'sip-engine';
    const log = createLogger({ name, level: config.logLevel, ...logTargets(config, systemClock, name) });
    const engine = await startEngineProcess(config, { clock: systemClock, log, ...loadProcessConfig(rehearsals) });
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
