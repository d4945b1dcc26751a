import { readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100 on every platform Node supports). */
const TICK_MS = 10;

/** User and system time of a process so far, ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
  // The name in parentheses may hold blanks; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Memory of a process that is in RAM now, kB. */
export function memoryKb(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN);
}

/** Memory of a process that is no file's, kB: what it has asked for and written to. */
export function anonymousKb(pid: number): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
  const kb = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? NaN);
  return kb('RssAnon') + kb('VmSwap');
}

/** A process, and what it runs; replicas are told apart by a number at the end. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

/** CPU time of every process by name, ms; replicas together. */
export function cpuByService(processes: readonly NamedProcess[]): Map<string, number> {
  return sumByService(processes, cpuMs);
}

/** What `read` says of every process, by name; replicas together. */
export function sumByService(processes: readonly NamedProcess[], read: (pid: number) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { name, pid } of processes) {
    const service = name.replace(/-\d+$/, '');
    sums.set(service, (sums.get(service) ?? 0) + read(pid));
  }
  return sums;
}
