// npm run demo:call [-- --state-dir DIR]: two scripted phones call each other through the running platform.
import process from 'node:process';
import { endWithNpm } from './setup/end-with-npm.mjs';
import { setUpOrExit } from './setup/main.mjs';
import { runInForeground } from './setup/run-in-foreground.mjs';

endWithNpm();
await setUpOrExit('test');
const program = ['--conditions=@callweave/source', '--import', 'tsx', 'test/demo/call.ts'];
process.exitCode = await runInForeground(process.execPath, [...program, ...process.argv.slice(2)]);
