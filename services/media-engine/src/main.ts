import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startMediaEngineProcess } from './service.ts';

await runService({ name: 'media-engine', config, start: startMediaEngineProcess });
