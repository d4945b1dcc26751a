import { defineConfig } from 'vitest/config';

const source = {
  resolve: { conditions: ['@callweave/source'] },
  ssr: { resolve: { conditions: ['@callweave/source'] } },
};
const packages = '{libs,services,tools,test/support,images,kernel-modules}';

/** Tests that change what a whole process has one of: who records its spans. */
const alone = ['libs/telemetry/test/{tracing,untraced}.test.ts', 'libs/srf/test/traced-request.test.ts'];

/** Of tests that wait most of the time: more of them at once would wait for the machine. */
const WAITING_WORKERS = 2;

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          name: 'unit',
          include: [`${packages}/**/*.test.ts`],
          exclude: ['**/*.service.test.ts', ...alone, '**/node_modules/**', '**/dist/**'],
          // Loading the same modules for each file takes longer than the tests.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...source,
        test: {
          name: 'alone',
          include: alone,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...source,
        test: {
          name: 'service',
          include: [`${packages}/**/*.service.test.ts`, 'test/conformance/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: WAITING_WORKERS,
          expect: { poll: { timeout: 10_000 } },
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...source,
        test: {
          name: 'charts',
          include: ['charts/test/**/*.test.ts'],
          globalSetup: 'charts/test/support/assemble.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: WAITING_WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...source,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: WAITING_WORKERS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        ...source,
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.chaos.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
