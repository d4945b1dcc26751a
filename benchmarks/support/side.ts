import { cpuByService, memoryKb, type NamedProcess, type SippResult, sumByService } from '@callweave/test';
import { round } from './statistics.ts';

/** One of the things that are compared. */
export interface Side {
  readonly name: string;
  /** The processes whose CPU counts. */
  readonly processes: () => readonly NamedProcess[];
  /** Loads it once for so long at so many a second. */
  readonly load: (rate: number, seconds: number) => Promise<SippResult>;
}

/** What one round cost one side. */
export interface Cost {
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** CPU per success by process, ms. */
  readonly cpuMs: ReadonlyMap<string, number>;
  readonly cpuMsSum: number;
  readonly timesMs: SippResult['timesMs'];
}

/** Loads a side and takes the CPU of its processes before and after. Throws when nothing succeeded. */
export async function measure({ name, processes, load }: Side, rate: number, seconds: number): Promise<Cost> {
  const before = cpuByService(processes());
  const { successful, failed, retransmissions, timesMs, errors } = await load(rate, seconds);
  const after = cpuByService(processes());
  if (!(successful > 0)) throw new Error(`${name}: nothing succeeded: ${errors}`);
  const cpuMs = new Map([...after].map(([process, ms]) => [process, (ms - (before.get(process) ?? 0)) / successful]));
  const cpuMsSum = [...cpuMs].reduce((sum, [process, ms]) => (isCounted(process) ? sum + ms : sum), 0);
  return { successful, failed, retransmissions, cpuMs, cpuMsSum, timesMs };
}

/** Memory in RAM by process, kB; replicas together. */
export function memoryByService({ processes }: Side): Record<string, number> {
  return Object.fromEntries([...sumByService(processes(), memoryKb)].map(([name, kb]) => [name, round(kb)]));
}

/** rtpengine is no signalling, and an application is whoever uses the engine: their CPU is told, but not in the sum. */
export function isCounted(process: string): boolean {
  return process !== 'rtpengine' && process !== 'app';
}
