import { gatherTurns } from '@callweave/clock';
import { runService, type ServiceContext } from '@callweave/service';
import { config, type Config, contradictions } from './config.ts';
import { type RunningConsole, startConsole } from './service.ts';

/** How long facts are gathered while nobody looks, ms: whoever asks is told of those of this moment too. */
const GATHER_MS = 50;

async function start(context: ServiceContext<Config>): Promise<RunningConsole> {
  const running = await startConsole(context);
  gatherTurns({ gatherMs: GATHER_MS, isUrgent: () => running.isUrgent() });
  return running;
}

await runService({ name: 'console', config, contradictions, start });
