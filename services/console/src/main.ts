import { runService } from '@callweave/service';
import { config, contradictions } from './config.ts';
import { startConsole } from './service.ts';

await runService({ name: 'console', config, contradictions, start: startConsole });
