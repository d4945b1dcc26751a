import { setTimeout as pause } from 'node:timers/promises';
import { anonymousKb, sumByService } from '@callweave/test';
import { type PlatformSide } from './call-sides.ts';
import { type MemoryLooks } from './memory-looks.ts';

const RATE = 100;
/** After calls are up, or over: what they took is given back by then (RFC 6026 §7.1; an edge knows ended ones for 40 s). */
const SETTLED_MS = 45_000;
const SPARE_MS = 30_000;
/** Processes without a heap of V8. */
const NATIVE = /^(nats-server|rtpengine)\b/;

/** What established calls keep, kB a call, by process: in the heap after a full collection; of a native one in RAM. */
export interface CallMemory {
  readonly calls: number;
  readonly kbPerCall: Readonly<Record<string, number>>;
  /** Without rtpengine. */
  readonly kbPerCallSum: number;
}

/** Holds calls and takes the memory of all processes before and meanwhile; the platform was started with the looks' settings. */
export async function callMemory(side: PlatformSide, looks: MemoryLooks, calls = 3_000): Promise<CallMemory> {
  const memory = async (): Promise<ReadonlyMap<string, number>> => {
    const kbOf = new Map<number, number>();
    for (const { name, pid } of side.processes()) kbOf.set(pid, await keptKb(name, pid, looks));
    return sumByService(side.processes(), (pid) => kbOf.get(pid) ?? NaN);
  };
  await pause(SETTLED_MS);
  const before = await memory();
  const rampMs = (1_000 * calls) / RATE;
  const talkMs = rampMs + SETTLED_MS + SPARE_MS;
  const held = side.call({ rate: RATE, calls, talkMs, timeoutSec: Math.ceil((rampMs + talkMs) / 1_000) + 60 });
  await pause(rampMs + SETTLED_MS);
  const during = await memory();
  const { failed, errors } = await held;
  if (failed > 0) throw new Error(`${String(failed)} of ${String(calls)} held calls failed: ${errors.slice(0, 300)}`);
  const kbPerCall = Object.fromEntries(
    [...during].map(([name, kb]) => [name, Math.round((10 * (kb - (before.get(name) ?? 0))) / calls) / 10]),
  );
  const counted = Object.entries(kbPerCall).filter(([name]) => name !== 'rtpengine');
  const kbPerCallSum = Math.round(10 * counted.reduce((sum, [, kb]) => sum + kb, 0)) / 10;
  return { calls, kbPerCall, kbPerCallSum };
}

async function keptKb(name: string, pid: number, looks: MemoryLooks): Promise<number> {
  if (NATIVE.test(name)) return anonymousKb(pid);
  const { heapUsed, arrayBuffers } = await looks.look(pid);
  return (heapUsed + arrayBuffers) / 1_024;
}
