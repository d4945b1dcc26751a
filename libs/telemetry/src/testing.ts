import type { LogFields, Logger } from './logger.ts';

/** One line a `RecordingLogger` saw. */
export interface LoggedLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly event: string;
  readonly fields: LogFields;
}

/** A logger that keeps its lines, for tests to compare. */
export interface RecordingLogger extends Logger {
  readonly lines: readonly LoggedLine[];
}

/** Makes a logger whose lines, and those of its children, can be read back. */
export function recordLogs(lines: LoggedLine[] = [], bound: LogFields = {}): RecordingLogger {
  const at = (level: LoggedLine['level']) => (event: string, fields?: LogFields) => {
    lines.push({ level, event, fields: { ...bound, ...fields } });
  };
  return {
    lines,
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => recordLogs(lines, { ...bound, ...fields }),
  };
}

export { type RecordedSpan, recordSpans } from './testing/record-spans.ts';
