import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startRegistrar } from './service.ts';

await runService({ name: 'registrar', config, start: startRegistrar });
