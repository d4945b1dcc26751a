import { gatherTurns } from '@callweave/clock';
import { runService, type ServiceContext } from '@callweave/service';
import { config, type Config } from './config.ts';
import { type RunningEdge, startEdge } from './service.ts';

/** How long news is gathered at most, and what services are asked for is waited for before that, ms; ADR 0024. */
const GATHER_MS = 16;
const LINGER_MS = 8;

async function start(context: ServiceContext<Config>): Promise<RunningEdge> {
  const running = await startEdge(context);
  gatherTurns({ gatherMs: GATHER_MS, lingerMs: LINGER_MS, awaits: () => running.awaitsAnswers() });
  return running;
}

// drachtio-srf looks a setting up for each header of each message, and the operating system is slower to ask than a copy.
// eslint-disable-next-line no-restricted-syntax -- nothing is read here
process.env = { ...process.env };
await runService({ name: 'edge-signaling', config, start });
