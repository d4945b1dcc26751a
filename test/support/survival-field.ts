import { type Silence } from './silence.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** One field of the survival matrix, for who draws it. */
    survival?: { who: string; way: string; how: string; calls: number };
    /** How long each process took to end that was asked to, ms. */
    drainsMs?: Record<string, number>;
    /** What chance began with, and what it did, in this order. */
    chance?: { seed: number; deaths: string[] };
    /** How long calls were silent meanwhile. */
    silentMs?: Silence;
  }
}
