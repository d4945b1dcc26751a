import { runService } from '@callweave/service';
import { config } from './config.ts';
import { startCallRouting } from './service.ts';

await runService({ name: 'call-routing', config, start: startCallRouting });
