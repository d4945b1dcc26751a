import { openSync } from 'node:fs';
import { type Clock } from '@callweave/clock';
import { type LoggerOptions } from '@callweave/telemetry';
import { type EngineConfig } from './config.ts';
import { RotatingLog } from './rotating-log.ts';
import { Syslog } from './syslog.ts';

const STDOUT = 1;

/** Where the log goes. Throws when a file cannot be opened. */
export function logTargets(
  { logFile, logRotation, syslog, logsToStdout }: EngineConfig,
  clock: Clock,
  name: string,
): Pick<LoggerOptions, 'fd' | 'streams'> {
  const grows = logFile !== undefined && logRotation === undefined ? [openSync(logFile, 'a', 0o640)] : [];
  const rotates =
    logFile !== undefined && logRotation !== undefined ? [new RotatingLog(logFile, logRotation, clock)] : [];
  const streams = [...rotates, ...(syslog === undefined ? [] : [new Syslog(syslog, name)])];
  const isElsewhere = grows.length + streams.length > 0;
  return { fd: !isElsewhere || logsToStdout ? [STDOUT, ...grows] : grows, streams };
}
