import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startAppServer } from './service.ts';

await runService({ name: 'app-server', config, start: startAppServer });
