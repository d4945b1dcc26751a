import { randomFillSync } from 'node:crypto';

/** Asking for random bytes costs the same for one and for many. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

/** A byte nobody can guess. */
export function randomByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] ?? 0;
}
