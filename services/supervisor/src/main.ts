import { environment } from './environment.ts';
import { runSupervisor } from './run.ts';

process.exitCode = await runSupervisor(environment());
