import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startAuth } from './service.ts';

await runService({ name: 'auth-challenge-affinity', config, start: startAuth });
