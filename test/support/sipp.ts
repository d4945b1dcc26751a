import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { isFree } from './free-port.ts';
import { parseMessageTrace, type TracedMessage } from './message-trace.ts';
import { root } from './platform.ts';
import { tied } from './tied.ts';
import { until } from './until.ts';

export interface SippOptions {
  /** File in `test/scenarios`, without its extension; a path; or `uac` or `uas`, what SIPp brings with it. */
  readonly scenario: string;
  /** The same for calls that come in meanwhile. */
  readonly answersWith?: string;
  /** `host:port` to send to. */
  readonly remote: string;
  readonly calls: number;
  /** Calls started per second. */
  readonly rate?: number;
  /** How long each call talks. */
  readonly talkMs?: number;
  /** The port of who tells its calls to hang up, instead of their time: {@link openTalkWord}. */
  readonly wordFrom?: number | undefined;
  /** Calls in progress at once; further ones wait, as a slow machine needs. */
  readonly atOnce?: number;
  readonly transport?: 'udp' | 'tcp';
  /** Port to send from; any free one unless given. */
  readonly localPort?: number;
  /** Address to send from. */
  readonly localHost?: string;
  /** Ends the run before its calls are through. */
  readonly signal?: AbortSignal | undefined;
  /** Whether that ends its calls at once; else they may end by themselves for a while. */
  readonly dropsCalls?: boolean;
  /** One line per call, fields separated by semicolons, used in turn. */
  readonly lines?: readonly string[];
  /** What stands in the scenario for `[key]`. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Whether to note down every message, and in which file, for who reads it meanwhile; for a few calls, not for load. */
  readonly trace?: boolean | string;
  /** Whether to note down how long each call waited where its scenario measures. */
  readonly times?: boolean;
  /** Whether a message that comes out of order is passed over; else it fails its call. */
  readonly toleratesDisorder?: boolean;
  /** It is ended after so long, whatever its calls do. */
  readonly timeoutSec?: number;
}

export interface SippResult {
  readonly successful: number;
  /** Those that never ended included. */
  readonly failed: number;
  readonly retransmissions: number;
  /** Calls begun per second, over the whole run. */
  readonly rate: number;
  /** What became of calls in each second of the run. */
  readonly seconds: readonly SippSecond[];
  /** Why calls failed, as SIPp says it. */
  readonly errors: string;
  /** In the order in which the phones saw them; empty unless traced. */
  readonly messages: readonly TracedMessage[];
  /** What `rtd="N"` of the scenario measured, by N, one figure a call, ms; empty unless asked for. */
  readonly timesMs: ReadonlyMap<string, readonly number[]>;
}

/** One second of a run. */
export interface SippSecond {
  readonly begun: number;
  readonly successful: number;
  readonly failed: number;
  /** Of its commands with `counter="1"`. */
  readonly counted: number;
}

/** What a caller offers unless the scenario is given something else for `[audio]`. */
const AUDIO = 'm=audio [media_port] RTP/AVP 0';

/** How a phone talks for a time, or until the other side hangs up. */
const TALK_A_TIME = '<recv request="BYE" timeout="[talk_ms]" ontimeout="hang-up" next="hung-up"/>';
/** The same until it is told. */
const TALK_UNTIL_TOLD = `<sendCmd><![CDATA[
Call-ID: [call_id]

]]></sendCmd>
  <recv request="BYE" optional="true" next="hung-up"/>
  <recvCmd/>`;

/** How long its calls may take to end when its time is over. */
const GRACE_SEC = 40;

const LOOPBACK = '127.0.0.1';
/** SIPp calls it an error, and ends after some, when the machine does not let it run for half a second. */
const PATIENT = ['-watchdog_minor_threshold', '600000', '-watchdog_major_threshold', '600000'];
const NO_PORT = /Unable to bind/;

/** Runs a SIPp scenario to its end; once more if somebody else had its port for a moment, as soon as that is free. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  const { localPort, localHost = LOOPBACK } = options;
  const result = await runOnce(options);
  if (localPort === undefined || !NO_PORT.test(result.errors)) return result;
  await until(`port ${String(localPort)} is free`, () => isFree(localHost, localPort));
  return runOnce(options);
}

async function runOnce(options: SippOptions): Promise<SippResult> {
  const { scenario, remote, calls, rate = 10, transport = 'udp', lines, keys = {}, localPort, signal } = options;
  const { localHost = LOOPBACK, trace = false, times = false, atOnce = 10_000, talkMs = 500 } = options;
  const { toleratesDisorder = false, timeoutSec = 120, answersWith, dropsCalls = false, wordFrom } = options;
  const talk = wordFrom === undefined ? TALK_A_TIME : TALK_UNTIL_TOLD;
  const directory = mkdtempSync(join(tmpdir(), 'callweave-sipp-'));
  const statistics = join(directory, 'stat.csv');
  const messageLog = typeof trace === 'string' ? trace : join(directory, 'messages.log');
  const copy = (name: string): string =>
    copyScenario(name, directory, { audio: AUDIO, talk, ...keys, talk_ms: String(talkMs) });
  const source = scenario === 'uas' || scenario === 'uac' ? ['-sn', scenario] : ['-sf', copy(scenario)];
  const args = [remote, ...source, '-i', localHost, ...PATIENT];
  if (answersWith !== undefined) args.push('-oocsf', copy(answersWith));
  if (localPort !== undefined) args.push('-p', String(localPort));
  args.push('-m', String(calls), '-r', String(rate), '-l', String(atOnce), '-t', transport === 'tcp' ? 't1' : 'u1');
  args.push(
    '-trace_stat',
    '-stf',
    statistics,
    '-fd',
    '1',
    '-trace_err',
    '-nostdin',
    '-aa',
    '-timeout',
    `${timeoutSec}s`,
  );
  if (wordFrom !== undefined) args.push('-3pcc', `127.0.0.1:${String(wordFrom)}`);
  if (toleratesDisorder) args.push('-default_behaviors', 'none');
  if (times) args.push('-trace_rtt', '-rtt_freq', '1');
  if (trace !== false) args.push('-trace_msg', '-message_file', messageLog);
  if (lines !== undefined) {
    const file = join(directory, 'lines.csv');
    writeFileSync(file, ['SEQUENTIAL', ...lines, ''].join('\n'));
    args.push('-inf', file);
  }
  try {
    const child = spawn(...tied('sipp', args), {
      cwd: directory,
      stdio: 'ignore',
      env: { PATH: '/usr/bin:/usr/local/bin', TZ: 'UTC' },
    });
    // SIGUSR1 lets SIPp finish its calls and write its statistics.
    signal?.addEventListener('abort', () => child.kill(dropsCalls ? 'SIGKILL' : 'SIGUSR1'), { once: true });
    const kill = (): void => void child.kill('SIGKILL');
    // Calls that hang would keep it for ever.
    signal?.addEventListener('abort', () => setTimeout(kill, 5_000).unref(), { once: true });
    // Its own time-out waits for them too.
    const late = setTimeout(kill, 1_000 * (timeoutSec + GRACE_SEC));
    await once(child, 'exit');
    clearTimeout(late);
    const messages = trace !== false ? parseMessageTrace(readFileSync(messageLog, 'utf8')) : [];
    const counts = readStatistics(readFileSync(statistics, 'utf8'));
    return { ...counts, errors: readErrors(directory), messages, timesMs: readTimes(directory) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** SIPp takes no variable for how long it waits and what it plays. */
function copyScenario(scenario: string, directory: string, values: Readonly<Record<string, string>>): string {
  const copy = join(directory, `${basename(scenario, '.xml')}.xml`);
  const text = readFileSync(scenarioFile(scenario), 'utf8');
  const filled = Object.entries(values).reduce((xml, [key, value]) => xml.replaceAll(`[${key}]`, value), text);
  writeFileSync(copy, filled);
  return copy;
}

function scenarioFile(scenario: string): string {
  return isAbsolute(scenario) ? scenario : join(root, 'test/scenarios', `${scenario}.xml`);
}

function readStatistics(
  csv: string,
): Pick<SippResult, 'successful' | 'failed' | 'retransmissions' | 'rate' | 'seconds'> {
  const [header = '', ...lines] = csv.trim().split('\n');
  const names = header.split(';');
  const rows = lines.map((line) => line.split(';'));
  const read = (row: readonly string[], name: string): number => Number(row[names.indexOf(name)] ?? NaN);
  const value = (name: string): number => read(rows.at(-1) ?? [], name);
  return {
    successful: value('SuccessfulCall(C)'),
    // What goes on for ever has not succeeded.
    failed: value('FailedCall(C)') + value('CurrentCall'),
    retransmissions: value('Retransmissions(C)'),
    rate: value('CallRate(C)'),
    seconds: rows.map((row) => ({
      begun: read(row, 'OutgoingCall(P)'),
      successful: read(row, 'SuccessfulCall(P)'),
      failed: read(row, 'FailedCall(P)'),
      counted: read(row, 'GenericCounter1(P)') || 0,
    })),
  };
}

/** SIPp notes as an error what a scenario waits for with `ontimeout`, and ends no line. */
const MEANT_TIMEOUT =
  /\d{4}-\d\d-\d\d\t[\d:.]+\t[\d.]+: Call-Id: \S+, receive timeout on message \S+, jumping to label \d+?(?=\d{4}-\d\d-\d\d\t|\s|$)/g;

function readErrors(directory: string): string {
  const files = readdirSync(directory).filter((name) => name.endsWith('_errors.log'));
  const texts = files.map((name) => readFileSync(join(directory, name), 'utf8').replaceAll(MEANT_TIMEOUT, ''));
  return texts.map((text) => text.slice(0, 4_000)).join('\n');
}

/** Lines are `when;milliseconds;number`; figures below a millisecond are in its fractions. */
function readTimes(directory: string): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith('_rtt.csv'))) {
    const [, ...lines] = readFileSync(join(directory, file), 'utf8').trim().split('\n');
    for (const line of lines) {
      const [, ms = '', number = ''] = line.split(';');
      const known = times.get(number);
      if (known === undefined) times.set(number, [Number(ms)]);
      else known.push(Number(ms));
    }
  }
  return times;
}
