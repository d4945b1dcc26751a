import { vi } from 'vitest';

/** Waits until `check` passes: long enough for a machine with other work, and no longer than it takes. */
export function eventually<T>(
  check: () => T | Promise<T>,
  limitMs: number | { timeout?: number } = 10_000,
): Promise<T> {
  return vi.waitFor(check, limitMs);
}
