import { performance } from 'node:perf_hooks';
import process from 'node:process';

/**
 * Runs a step that takes a while, showing one line with its name, then its time.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(name, work) {
  const startedAt = performance.now();
  process.stdout.write(`set-up: ${name} … `);
  try {
    const result = await work();
    process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

/**
 * Shows one line.
 * @param {string} text
 */
export function note(text) {
  process.stdout.write(`set-up: ${text}\n`);
}
