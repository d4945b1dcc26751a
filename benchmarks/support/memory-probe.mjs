// Loaded into an engine that is measured: tells its memory when asked, after collecting garbage.
import { memoryUsage } from 'node:process';
import process from 'node:process';

process.on('message', () => {
  globalThis.gc?.();
  const { rss, heapUsed } = memoryUsage();
  process.send?.({ rss, heapUsed });
});
process.channel?.unref();
