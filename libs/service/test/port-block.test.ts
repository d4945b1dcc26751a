import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { claimPortBlock } from '../src/port-block.ts';

/** Where nobody else looks for ports; those of a test run beside this one are others. */
const BLOCKS = { first: 30_000 + randomInt(2_600), count: 160, size: 20 };

test('what is claimed is never claimed again, and one for whom nothing is left is told', async () => {
  const claimed: number[] = [];
  const claim = async (): Promise<void> => {
    for (;;) claimed.push(...(await claimPortBlock(BLOCKS)));
  };
  await expect(claim()).rejects.toThrow(/^no free ports: all from \d+ to \d+ belong to other processes$/);
  expect(claimed.length).toBeGreaterThan(0);
  expect(new Set(claimed).size).toBe(claimed.length);
});
