import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { endAfter } from './on-exit.mjs';
import { root } from './paths.mjs';

const folder = join(root, 'benchmarks/verify');

/** Names of the long measurements there are. */
export function measurements() {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
    .sort();
}

/**
 * Runs a measurement; its stderr is shown, its stdout is the result, undefined when that is no JSON.
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, result: unknown }>}
 */
export function runMeasurement(name, args) {
  const program = ['--conditions=@callweave/source', '--import', 'tsx', join(folder, `${name}.ts`), ...args];
  const child = spawn(process.execPath, program, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  endAfter(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, result: parse(output) }));
  });
}

/** @param {string} text */
function parse(text) {
  try {
    /** @type {unknown} */
    const result = JSON.parse(text);
    return result;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
