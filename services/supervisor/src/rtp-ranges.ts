import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type PortRange } from './config.ts';

/** Ports for media that a running rtpengine takes its own from. It opens them call by call, so no probe finds them. */
export interface UsedRange extends PortRange {
  readonly pid: number;
  readonly host: string;
}

/** rtpengine's own defaults, when its command line names no range. */
const DEFAULT_RANGE = { min: 30_000, max: 40_000 };
/** As many as `CALLWEAVE_RTP_PORTS` has by default. */
const BLOCK = 1_000;
const FIRST = 33_000;
const LAST = 60_000;
const ATTEMPTS = 200;

/** The ranges of every rtpengine that runs on this machine. */
export function usedRanges(): UsedRange[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const range = rangeOf(Number(name), readCommandLine(name));
      return range === undefined ? [] : [range];
    });
}

/** What the command line of a process says about media ports, when it is an rtpengine's. */
export function rangeOf(pid: number, commandLine: readonly string[]): UsedRange | undefined {
  const [program = '', ...args] = commandLine;
  if (basename(program) !== 'rtpengine') return undefined;
  const value = (...names: string[]): string | undefined => {
    for (const [index, arg] of args.entries()) {
      for (const name of names) {
        if (arg === name) return args[index + 1];
        if (arg.startsWith(`${name}=`)) return arg.slice(name.length + 1);
      }
    }
    return undefined;
  };
  return {
    pid,
    host: hostOf(value('--interface', '-i') ?? ''),
    min: Number(value('--port-min', '-m') ?? DEFAULT_RANGE.min),
    max: Number(value('--port-max', '-M') ?? DEFAULT_RANGE.max),
  };
}

/** rtpengine writes an interface as `NAME/ADDRESS!ADVERTISED`; only the first one counts. */
function hostOf(interfaceText: string): string {
  return interfaceText.replace(/^[^/]*\//, '').replace(/!.*$/, '');
}

/** The first of `used` that shares a port with `range` on `host`. */
export function findOverlap(host: string, range: PortRange, used: readonly UsedRange[]): UsedRange | undefined {
  return used.find((other) => other.host === host && other.min <= range.max && range.min <= other.max);
}

/** A range of 1,000 ports of `host` that no rtpengine uses; undefined when none was found. */
export function pickRange(host: string, used: readonly UsedRange[]): PortRange | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const min = FIRST + BLOCK * randomInt((LAST - FIRST) / BLOCK);
    const range = { min, max: min + BLOCK - 1 };
    if (findOverlap(host, range, used) === undefined) return range;
  }
  return undefined;
}

/** Empty for a process that is gone by now, or not ours to look at. */
function readCommandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}
