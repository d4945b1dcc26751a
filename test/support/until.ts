import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a fact holds; throws with its name when it does not within `limitMs`. */
export async function until(fact: string, holds: () => boolean | Promise<boolean>, limitMs = 45_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${String(limitMs)} ms: ${fact}`);
    await pause(25);
  }
}
