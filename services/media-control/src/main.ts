import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startMediaControl } from './service.ts';

await runService({ name: 'media-control', config, start: startMediaControl });
