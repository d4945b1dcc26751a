import { GATHER_MS, gatherTurns } from '@callweave/clock';
import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startEdge } from './service.ts';

// drachtio-srf looks a setting up for each header of each message, and the operating system is slower to ask than a copy.
// eslint-disable-next-line no-restricted-syntax -- nothing is read here
process.env = { ...process.env };
gatherTurns({ gatherMs: GATHER_MS });
await runService({ name: 'edge-signaling', config, start: startEdge });
