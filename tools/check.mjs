// npm run check: everything that can be said about the sources without running the product.
// Uses Node's own modules only, so that it can install the rest first.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} args arguments of node
 */

const root = fileURLToPath(new URL('..', import.meta.url));

/** Steps that may run at the same time. */
const width = 2;

/** The longest first, so that the two lanes end together. @type {readonly Step[]} */
const steps = [
  { name: 'lint', args: ['node_modules/eslint/bin/eslint.js', '.'] },
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
  { name: 'page types', args: ['node_modules/typescript/bin/tsc', '-p', 'services/console/web/tsconfig.json'] },
  { name: 'format', args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
  program('boundaries', 'check-boundaries.ts'),
  program('sizes', 'check-sizes.ts'),
  program('features', 'check-features.ts'),
  program('text', 'check-repo-text.ts'),
  program('reference', 'generate-reference.ts', '--check'),
];

process.exitCode = await main();

async function main() {
  const setup = await run({ name: 'setup', args: ['tools/setup.mjs', 'deps'] }, 'inherit');
  if (setup.code !== 0) return 1;

  const queue = [...steps];
  /** @type {string[]} */
  const failed = [];
  const lanes = Array.from({ length: width }, async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const { code, output, seconds } = await run(step, 'pipe');
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${step.name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`);
      if (code === 0) continue;
      failed.push(step.name);
      console.log(output.trimEnd().replaceAll(/^/gm, '     '));
    }
  });
  await Promise.all(lanes);

  if (failed.length === 0) return 0;
  console.log(`\n${failed.length} of ${steps.length} failed: ${failed.join(', ')}`);
  return 1;
}

/**
 * Runs one step to its end; a step that cannot be started has failed.
 * @param {Step} step
 * @param {'inherit' | 'pipe'} stdio
 * @returns {Promise<{ code: number, output: string, seconds: number }>}
 */
function run({ args }, stdio) {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', stdio, stdio] });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    child.stderr?.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    child.on('error', (error) => chunks.push(Buffer.from(error.message)));
    child.on('close', (code) => {
      const seconds = (performance.now() - startedAt) / 1000;
      resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8'), seconds });
    });
  });
}

/**
 * @param {string} name
 * @param {string} file
 * @param {string[]} args
 * @returns {Step}
 */
function program(name, file, ...args) {
  return { name, args: ['tools/run-ts.mjs', `tools/src/${file}`, ...args] };
}
