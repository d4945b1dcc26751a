declare module 'vitest' {
  interface TaskMeta {
    /** One field of the survival matrix, for who draws it. */
    survival?: { who: string; way: string; how: string; calls: number };
  }
}
