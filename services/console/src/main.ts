import { gatherTurns } from '@callweave/clock';
import { runService, type ServiceContext } from '@callweave/service';
import { config, type Config, contradictions } from './config.ts';
import { type RunningConsole, startConsole } from './service.ts';

/** How long facts are gathered while nobody looks, ms: whoever asks is told of those of this moment too. */
const GATHER_MS = 100;
/** The share of a processor from which they are gathered that long: nobody waits for them. */
const BUSY_SHARE = 0.01;

async function start(context: ServiceContext<Config>): Promise<RunningConsole> {
  const running = await startConsole(context);
  gatherTurns({ gatherMs: GATHER_MS, busyShare: BUSY_SHARE, isUrgent: () => running.isUrgent() });
  return running;
}

await runService({ name: 'console', config, contradictions, start });
