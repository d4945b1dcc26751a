// Makes this clone ready: node tools/setup.mjs [deps|build|run|test]; each level includes the former.
// Uses Node's own modules only, for it runs before anything is installed.
import process from 'node:process';
import { isLevel, levels } from './setup/levels.mjs';
import { setUpOrExit } from './setup/main.mjs';

const [level = 'run', ...rest] = process.argv.slice(2);
if (!isLevel(level) || rest.length > 0) {
  console.error(`usage: node tools/setup.mjs [${levels.join('|')}]`);
  process.exit(64);
}
await setUpOrExit(level);
