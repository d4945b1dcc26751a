import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startEdge } from './service.ts';

await runService({ name: 'edge-signaling', config, start: startEdge });
