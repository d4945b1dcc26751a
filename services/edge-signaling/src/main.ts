import { GATHER_MS, gatherTurns } from '@callweave/clock';
import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startEdge } from './service.ts';

gatherTurns({ gatherMs: GATHER_MS });
await runService({ name: 'edge-signaling', config, start: startEdge });
