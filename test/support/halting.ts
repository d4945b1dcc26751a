/** How long whoever is slow stands still, and then goes on, ms. */
const STILL_MS = 100;

/** What is told of it in the survival matrix. */
export const HALTING = `standing still half of the time, ${String(STILL_MS)} ms each`;

/**
 * Has somebody stand still half of the time, until the returned function is called. The timer is the fault itself:
 * nobody waits by it for anything.
 */
export function halt(signal: (signal: NodeJS.Signals) => void): () => void {
  let isStill = false;
  const timer = setInterval(() => {
    isStill = !isStill;
    signal(isStill ? 'SIGSTOP' : 'SIGCONT');
  }, STILL_MS);
  return () => {
    clearInterval(timer);
    signal('SIGCONT');
  };
}
