import { dirname, join } from 'node:path';
import { type Rotation } from './rotating-log.ts';
import { type SettingName } from './settings.table.ts';
import { facilities, type SyslogFacility, type SyslogTarget } from './syslog.ts';

/** What is said of the log besides how much goes there. */
export interface LogSettings {
  /** Standard output, unless this or `syslog` is given. */
  readonly logFile: string | undefined;
  /** When the file is put away; undefined for never. */
  readonly logRotation: Rotation | undefined;
  readonly syslog: SyslogTarget | undefined;
}

/** How settings are read; what will not do is noted. */
export interface SettingReader {
  text(name: SettingName): string | undefined;
  positive(name: SettingName): number | undefined;
  port(name: SettingName): number | undefined;
  wrong(name: SettingName, what: string): void;
}

const MB = 1_000_000;
const DEFAULT_FILE_MB = 5;
const SYSLOG_PORT = 514;

/** Reads what `<logging>` says of files and syslog. */
export function readLogSettings(settings: SettingReader): LogSettings {
  const logFile = settings.text('log-file');
  return {
    logFile,
    logRotation: logFile === undefined ? undefined : readRotation(logFile, settings),
    syslog: readSyslog(settings),
  };
}

/** A file that is to grow is named, and nothing else said of it. */
function readRotation(file: string, settings: SettingReader): Rotation | undefined {
  const bytesOf = (name: SettingName): number | undefined => {
    const size = settings.positive(name);
    return size === undefined ? undefined : size * MB;
  };
  const archive = settings.text('log-archive');
  const maxBytes = bytesOf('log-size');
  const kept = {
    maxFiles: settings.positive('log-max-files'),
    maxArchiveBytes: bytesOf('log-max-size'),
    minFreeBytes: bytesOf('log-min-size'),
  };
  const isSaid = [archive, maxBytes, ...Object.values(kept)].some((value) => value !== undefined);
  if (!isSaid && !file.includes('%')) return undefined;
  return {
    archive: archive ?? join(dirname(file), 'archive'),
    maxBytes: maxBytes ?? DEFAULT_FILE_MB * MB,
    ...kept,
  };
}

function readSyslog(settings: SettingReader): SyslogTarget | undefined {
  const address = settings.text('syslog-address');
  const facility = settings.text('syslog-facility') ?? 'local0';
  const port = settings.port('syslog-port') ?? SYSLOG_PORT;
  if (!isFacility(facility)) settings.wrong('syslog-facility', 'must be local0 to local7');
  return address === undefined || !isFacility(facility) ? undefined : { address, port, facility };
}

function isFacility(text: string): text is SyslogFacility {
  return text in facilities;
}
