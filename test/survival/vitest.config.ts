import { defineConfig } from 'vitest/config';

/** What takes minutes: `npm run verify -- survival`; `npm test` has the short form in `test/chaos`. */
export default defineConfig({
  resolve: { conditions: ['@callweave/source'] },
  ssr: { resolve: { conditions: ['@callweave/source'] } },
  test: {
    root: import.meta.dirname,
    include: ['*.survival.test.ts'],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
