import { runSipp } from '@callweave/test';
import { setTimeout as pause } from 'node:timers/promises';
import { scenario } from './engine-load.ts';
import { startEngine } from './engine-side.ts';
import { round } from './statistics.ts';

const CALLS = 2_500;
const RATE = 250;

/** Longer than a transaction is kept after its last message, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;

/** After the last call is up, until the first hangs up. */
const SPARE_MS = 10_000;

/** What an established dialog of a two-sided call keeps in memory once its transactions are over. */
export interface DialogMemory {
  readonly dialogs: number;
  readonly heapBytesPerDialog: number;
  readonly rssBytesPerDialog: number;
  /** Heap when all calls had ended, over that before them. */
  readonly heapAfterwards: number;
}

/** Holds many calls in an engine of their own and takes its memory before, during and after. Takes two minutes. */
export async function dialogMemory(calleePort: number): Promise<DialogMemory> {
  const engine = await startEngine();
  const stop = new AbortController();
  try {
    await engine.startApp('bridge', `127.0.0.1:${calleePort}`);
    const answering = runSipp({
      ...{ scenario: scenario('bare-answer'), remote: engine.address, calls: 10 * CALLS, localPort: calleePort },
      signal: stop.signal,
    });
    const load = (count: number, talkMs: number): ReturnType<typeof runSipp> =>
      runSipp({ scenario: scenario('bare-call'), remote: engine.address, calls: count, rate: RATE, talkMs });
    await load(CALLS / 5, 0);
    await pause(SETTLED_MS);
    const before = await engine.memory();
    const rampMs = (1_000 * CALLS) / RATE;
    const held = load(CALLS, rampMs + SETTLED_MS + SPARE_MS);
    await pause(rampMs + SETTLED_MS);
    const during = await engine.memory();
    const { successful, failed } = await held;
    if (failed > 0) throw new Error(`${failed} of the held calls failed`);
    stop.abort();
    await answering;
    await pause(SETTLED_MS);
    const after = await engine.memory();
    const dialogs = 2 * successful;
    return {
      dialogs,
      heapBytesPerDialog: Math.round((during.heapUsed - before.heapUsed) / dialogs),
      rssBytesPerDialog: Math.round((during.rss - before.rss) / dialogs),
      heapAfterwards: round(after.heapUsed / before.heapUsed),
    };
  } finally {
    stop.abort();
    await engine.stop();
  }
}
