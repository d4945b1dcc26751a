import { readdirSync, readFileSync } from 'node:fs';

/**
 * How long the threads of a process have been ready to run and had no processor, ms since they began; 0 where the
 * system does not tell. The second figure of `/proc/PID/task/TID/schedstat`, see sched-stats of the Linux kernel.
 */
export function cpuWaitMs(pid: number): number {
  const threads = `/proc/${String(pid)}/task`;
  try {
    const waited = readdirSync(threads).map((thread) =>
      Number(readFileSync(`${threads}/${thread}/schedstat`, 'latin1').split(' ')[1]),
    );
    return waited.reduce((sum, ns) => sum + ns, 0) / 1e6;
  } catch {
    // It, or one of its threads, has just ended.
    return 0;
  }
}
