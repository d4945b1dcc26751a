// Loaded into an engine that is measured: tells its memory when asked, after collecting garbage.
import { memoryUsage } from 'node:process';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

/** The bytes of buffers are given back beside the program, some time after their owners were collected. */
const SWEPT_MS = 300;

process.on('message', () => void tell());
process.channel?.unref();

async function tell() {
  for (let n = 0; n < 2; n++) {
    globalThis.gc?.();
    await pause(SWEPT_MS);
  }
  const { rss, heapUsed, arrayBuffers } = memoryUsage();
  process.send?.({ rss, heapUsed, arrayBuffers });
}
