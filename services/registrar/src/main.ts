import { runService } from '@callweave/service';
import { config, contradictions } from './config.ts';
import { startRegistrar } from './service.ts';

await runService({ name: 'registrar', config, contradictions, start: startRegistrar });
