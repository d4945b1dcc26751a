import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { SetupError } from './errors.mjs';
import { endAfter } from './on-exit.mjs';
import { logFile, root } from './paths.mjs';

const TAIL_LINES = 30;

/**
 * What became of a program.
 * @typedef {object} Ended
 * @property {number} code
 * @property {string} output what it printed, both streams
 */

/**
 * Runs a program to its end; what it prints goes into the set-up log, not to the terminal.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to ours
 * @returns {Promise<Ended>}
 */
export function runProgram(command, args, env = {}) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  writeSync(log, `$ ${[command, ...args].join(' ')}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endAfter(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
        writeSync(log, text);
      });
    }
    child.on('error', (error) => {
      closeSync(log);
      reject(new SetupError(`${command} cannot be started: ${error.message}`));
    });
    child.on('close', (code) => {
      closeSync(log);
      resolve({ code: code ?? 1, output });
    });
  });
}

/**
 * Runs a program that has to succeed. Throws `SetupError` with the end of what it printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function mustRun(command, args, env) {
  const { code, output } = await runProgram(command, args, env);
  if (code !== 0) throw failed(command, args, code, output);
}

/**
 * The error that says which program failed, how, and what it said last.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {number} code
 * @param {string} output
 */
export function failed(command, args, code, output) {
  const lines = output.trimEnd().split('\n');
  const tail = lines
    .filter((line) => !line.includes('npm warn'))
    .slice(-TAIL_LINES)
    .join('\n');
  return new SetupError(
    `${[command, ...args].join(' ')} failed (exit code ${code}); its last lines:\n\n${tail}\n\nAll of it: ${logFile}`,
  );
}
