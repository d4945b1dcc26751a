import pino from 'pino';
import { activeTraceId } from './tracing.ts';

/** Fields of one log line; the keys mean the same in every service (`callId`, `aor`, `flow`, `edge`). */
export type LogFields = Readonly<Record<string, unknown>>;

/** A structured logger: a fixed event name, then fields, never a sentence with values in it. */
export interface Logger {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  /** The same logger with `fields` on every line. */
  child(fields: LogFields): Logger;
}

/** The levels a process can be told to log at. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  readonly name: string;
  readonly level: LogLevel;
  /** File descriptor of the log, or several that all get it; stdout unless given. */
  readonly fd?: number | readonly number[];
  /** What gets the log, too. */
  readonly streams?: readonly LogStream[];
}

/** Takes a log line by line; must not throw. */
export interface LogStream {
  write(line: string): void;
}

/** Keys whose values never reach a log, at any depth of two. */
const SECRET_KEYS = ['password', 'secret', 'ha1', 'authorization', 'natsPassword'];

/** JSON lines on stdout or where else they are wanted; errors become `{ type, message, code, stack }`; inside a trace a line carries its `traceId`. */
export function createLogger({ name, level, fd = 1, streams: others = [] }: LoggerOptions): Logger {
  const options: pino.LoggerOptions = {
    name,
    level,
    messageKey: 'event',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: traceField,
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`]), censor: '[secret]' },
  };
  const files = [fd].flat().map((each) => pino.destination({ fd: each, sync: true }));
  const streams = [...files, ...others];
  const [first] = streams;
  if (streams.length === 1 && first !== undefined) return wrap(pino(options, first));
  return wrap(pino(options, pino.multistream(streams.map((stream) => ({ level: 'trace', stream })))));
}

/** What a line says of the trace it belongs to. */
function traceField(): Record<string, string> {
  const traceId = activeTraceId();
  return traceId === undefined ? {} : { traceId };
}

function wrap(log: pino.Logger): Logger {
  return {
    error: (event, fields) => log.error(plain(fields), event),
    warn: (event, fields) => log.warn(plain(fields), event),
    info: (event, fields) => log.info(plain(fields), event),
    // Every call passes here several times, and hardly ever does anybody listen.
    debug: (event, fields) => {
      if (log.isLevelEnabled('debug')) log.debug(plain(fields), event);
    },
    child: (fields) => wrap(log.child(plain(fields))),
  };
}

function plain(fields: LogFields = {}): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) out[key] = value instanceof Error ? describe(value) : value;
  return out;
}

function describe(error: Error): Record<string, unknown> {
  return { ...pino.stdSerializers.err(error) };
}

/** Notes a failure that is acceptable here, and why, so that none is swallowed unseen. */
export function ignore(log: Logger, error: unknown, why: string): void {
  log.debug('failure.ignored', { why, err: error });
}
