import { runSipp } from '@callweave/test';
import { setTimeout as pause } from 'node:timers/promises';
import { scenario } from './engine-load.ts';
import { startEngine } from './engine-side.ts';
import { round } from './statistics.ts';

const RATE = 250;

/** Longer than a transaction is kept after its last message, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;

/** After the last call is up, until the first hangs up. */
const SPARE_MS = 10_000;

/** What an established dialog of a two-sided call keeps in memory once its transactions are over. */
export interface DialogMemory {
  readonly dialogs: number;
  readonly heapBytesPerDialog: number;
  /** Bytes of messages that are kept, outside the heap. */
  readonly bufferBytesPerDialog: number;
  readonly rssBytesPerDialog: number;
  /** Heap when all calls had ended, over that before them. */
  readonly heapAfterwards: number;
}

/** What a load may take beyond its calls. */
const SPARE_SEC = 60;

/** Holds many calls in an engine of their own and takes its memory before, during and after. Takes two minutes. */
export async function dialogMemory(calleePort: number, count = 2_500): Promise<DialogMemory> {
  const engine = await startEngine();
  try {
    await engine.startApp('bridge', `127.0.0.1:${calleePort}`);
    // Each load has a callee of its own.
    const load = async (number: number, talkMs: number): ReturnType<typeof runSipp> => {
      const stop = new AbortController();
      const timeoutSec = Math.ceil(number / RATE + talkMs / 1_000) + SPARE_SEC;
      const answering = runSipp({
        ...{ scenario: scenario('bare-answer'), remote: engine.address, calls: 10 * number, localPort: calleePort },
        ...{ timeoutSec, signal: stop.signal },
      });
      const options = { remote: engine.address, calls: number, rate: RATE, talkMs, timeoutSec };
      const result = await runSipp({ scenario: scenario('bare-call'), ...options });
      stop.abort();
      await answering;
      return result;
    };
    await load(count / 5, 0);
    await pause(SETTLED_MS);
    const before = await engine.memory();
    const rampMs = (1_000 * count) / RATE;
    const held = load(count, rampMs + SETTLED_MS + SPARE_MS);
    await pause(rampMs + SETTLED_MS);
    const during = await engine.memory();
    const { successful, failed } = await held;
    if (failed > 0) throw new Error(`${failed} of the held calls failed`);
    await pause(SETTLED_MS);
    const after = await engine.memory();
    const dialogs = 2 * successful;
    return {
      dialogs,
      heapBytesPerDialog: Math.round((during.heapUsed - before.heapUsed) / dialogs),
      bufferBytesPerDialog: Math.round((during.arrayBuffers - before.arrayBuffers) / dialogs),
      rssBytesPerDialog: Math.round((during.rss - before.rss) / dialogs),
      heapAfterwards: round(after.heapUsed / before.heapUsed),
    };
  } finally {
    await engine.stop();
  }
}
