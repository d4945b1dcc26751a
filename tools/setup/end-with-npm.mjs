import process from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

const POLL_MS = 500;

/**
 * Asks this process to end when the npm that started it is gone: npm hands a signal to the shell between them, and the
 * shell dies of it without passing it on. Without npm nothing happens: a program may outlive the shell of its user.
 */
export function endWithNpm() {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, POLL_MS);
  timer.unref();
}
