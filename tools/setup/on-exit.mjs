import process from 'node:process';

/** What has to be undone when this process ends, last first. @type {Set<() => void>} */
const undo = new Set();
/** Programs that run for us and have to end before we do. @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

let installed = false;

/**
 * Calls `action`, which must be synchronous, when the process ends, also by a signal. Returns what takes it back.
 * @param {() => void} action
 * @returns {() => void}
 */
export function onExit(action) {
  install();
  undo.add(action);
  return () => void undo.delete(action);
}

/**
 * Passes signals on to `child` and does not end before it has.
 * @param {import('node:child_process').ChildProcess} child
 */
export function endAfter(child) {
  install();
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
}

/** Leaves signals to whoever runs next in this process. */
export function releaseSignals() {
  process.removeListener('SIGINT', onSignal);
  process.removeListener('SIGTERM', onSignal);
  process.removeListener('exit', undoAll);
  installed = false;
}

function install() {
  if (installed) return;
  installed = true;
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('exit', undoAll);
}

/** @param {NodeJS.Signals} signal */
function onSignal(signal) {
  const end = () => process.exit(signal === 'SIGINT' ? 130 : 143);
  const running = [...children];
  if (running.length === 0) end();
  for (const child of running) {
    child.once('exit', end);
    child.kill(signal);
  }
}

function undoAll() {
  for (const action of [...undo].reverse()) action();
}
