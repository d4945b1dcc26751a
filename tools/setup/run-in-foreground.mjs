import { spawn } from 'node:child_process';
import process from 'node:process';
import { root } from './paths.mjs';

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * Runs a program on our terminal to its end, passing signals on; resolves with its exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
export function runInForeground(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
  const pass = (/** @type {NodeJS.Signals} */ signal) => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      for (const signal of signals) process.removeListener(signal, pass);
      resolve(code ?? 1);
    });
  });
}
