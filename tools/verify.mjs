// npm run verify -- NAME [ARGUMENT...]: runs benchmarks/verify/NAME.ts, which tells its progress on stderr and its
// result as one JSON document on stdout, and keeps the result with commit and machine in docs/measured/NAME.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describeMachine, describeSources } from './setup/circumstances.mjs';
import { endWithNpm } from './setup/end-with-npm.mjs';
import { setUpOrExit } from './setup/main.mjs';
import { root } from './setup/paths.mjs';
import { measurements, runMeasurement } from './setup/measurements.mjs';

const [name, ...args] = process.argv.slice(2);
const names = measurements();
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`there is no benchmarks/verify/${name}.ts`);
  console.log(`usage: npm run verify -- NAME\n${names.map((known) => `  ${known}`).join('\n')}`);
  process.exit(name === undefined ? 0 : 64);
}

endWithNpm();
await setUpOrExit('verify');
const sources = describeSources();
const { code, result } = await runMeasurement(name, args);
if (result !== undefined) {
  const folder = join(root, 'docs/measured');
  const record = { name, date: new Date().toISOString(), ...sources, machine: describeMachine(), args, result };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(record, undefined, 2)}\n`);
  console.log(`docs/measured/${name}.json`);
} else if (code === 0) {
  console.error(`verify ${name}: no JSON on its stdout`);
}
process.exitCode = code === 0 && result === undefined ? 1 : code;
