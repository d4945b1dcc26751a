// Runs a TypeScript program against the packages' sources: node tools/run-ts.mjs FILE [ARGUMENT...]
import { spawn } from 'node:child_process';
import process from 'node:process';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node tools/run-ts.mjs FILE [ARGUMENT...]');
  process.exit(64);
}

const child = spawn(process.execPath, ['--conditions=@callweave/source', '--import', 'tsx', file, ...args], {
  stdio: 'inherit',
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(error.message);
  process.exit(70);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
