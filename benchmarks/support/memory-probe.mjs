// Loaded into a program that is measured: tells its memory, after collecting garbage, to whoever asks. That is its parent
// by IPC, or, when loaded as `memory-probe.mjs?folder=FOLDER`, whoever connects to the socket `FOLDER/PID`.
import { createServer } from 'node:net';
import { join } from 'node:path';
import process, { memoryUsage } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The bytes of buffers are given back beside the program, some time after their owners were collected. */
const SWEPT_MS = 300;

setFlagsFromString('--expose-gc');
/** @type {unknown} */
const collect = runInNewContext('gc');

const folder = new URL(import.meta.url).searchParams.get('folder');
if (folder === null) {
  process.on('message', () => void look().then((memory) => process.send?.(memory)));
  process.channel?.unref();
} else {
  const server = createServer((asker) => {
    asker.once('data', (question) => {
      const answer = question.toString() === 'memory' ? look() : Promise.resolve(snapshot(question.toString()));
      void answer.then((told) => asker.end(JSON.stringify(told)));
    });
    // Whoever asked may be gone before the answer.
    asker.on('error', () => asker.destroy());
  });
  server.listen(join(folder, String(process.pid))).unref();
}

async function look() {
  for (let n = 0; n < 2; n++) {
    if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
    await pause(SWEPT_MS);
  }
  const { rss, heapUsed, arrayBuffers } = memoryUsage();
  return { rss, heapUsed, arrayBuffers };
}

/** @param {string} file */
function snapshot(file) {
  return { file: writeHeapSnapshot(file) };
}
