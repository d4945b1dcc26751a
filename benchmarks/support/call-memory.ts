import { setTimeout as pause } from 'node:timers/promises';
import { anonymousKb, sumByService } from '@callweave/test';
import { type CallSide } from './call-sides.ts';

const RATE = 100;
/** After the last call is up: what setting it up took is given back by then, RFC 6026 §7.1. */
const SETTLED_MS = 38_000;
const SPARE_MS = 10_000;

/** What established calls keep in RAM: kB a call, by process; heaps that grow by the megabyte make it a rough figure. */
export interface CallMemory {
  readonly calls: number;
  readonly kbPerCall: Readonly<Record<string, number>>;
  /** Without rtpengine. */
  readonly kbPerCallSum: number;
}

/** Holds calls and takes the memory of all processes before and meanwhile. */
export async function callMemory(side: CallSide, calls = 3_000): Promise<CallMemory> {
  const memory = (): ReadonlyMap<string, number> => sumByService(side.processes(), anonymousKb);
  const before = memory();
  const rampMs = (1_000 * calls) / RATE;
  const talkMs = rampMs + SETTLED_MS + SPARE_MS;
  const held = side.call({ rate: RATE, calls, talkMs, timeoutSec: Math.ceil((rampMs + talkMs) / 1_000) + 60 });
  await pause(rampMs + SETTLED_MS);
  const during = memory();
  const { failed, errors } = await held;
  if (failed > 0) throw new Error(`${String(failed)} of ${String(calls)} held calls failed: ${errors.slice(0, 300)}`);
  const kbPerCall = Object.fromEntries(
    [...during].map(([name, kb]) => [name, Math.round((10 * (kb - (before.get(name) ?? 0))) / calls) / 10]),
  );
  const counted = Object.entries(kbPerCall).filter(([name]) => name !== 'rtpengine');
  const kbPerCallSum = Math.round(10 * counted.reduce((sum, [, kb]) => sum + kb, 0)) / 10;
  return { calls, kbPerCall, kbPerCallSum };
}
