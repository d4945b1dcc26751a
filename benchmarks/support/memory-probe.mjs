// Loaded into an engine that is measured: tells its memory when asked, after collecting garbage.
import { memoryUsage } from 'node:process';
import process from 'node:process';

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = memoryUsage();
  process.send?.({ rss, heapUsed, arrayBuffers });
});
process.channel?.unref();
