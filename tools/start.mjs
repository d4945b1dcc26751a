// npm start: sets up what is missing, then runs the platform in this very process until it is told to stop.
import { endWithNpm } from './setup/end-with-npm.mjs';
import { setUpOrExit } from './setup/main.mjs';

endWithNpm();
await setUpOrExit('run');
await import(new URL('../services/supervisor/bin/callweave-supervisor.mjs', import.meta.url).href);
