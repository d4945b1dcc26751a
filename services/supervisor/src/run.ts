import { closeSync, openSync, rmSync } from 'node:fs';
import { systemClock } from '@callweave/clock';
import {
  ConfigError,
  type Environment,
  EXIT_CONFIG,
  loadProcessConfig,
  reportConfigProblems,
} from '@callweave/service';
import { createLogger, ignore, type Logger } from '@callweave/telemetry';
import { type Config, config as configTable } from './config.ts';
import { PlatformError } from './errors.ts';
import { type Fleet } from './fleet.ts';
import { startPlatform } from './start-platform.ts';
import { openStateDir, type StateDir, truncateLog } from './state-dir.ts';

const NAME = 'callweave';
/** Ctrl-C under npm arrives twice: from the terminal and from npm. */
const SAME_REQUEST_MS = 1_000;

/** Runs the platform until it is told to stop; resolves with the exit code. */
export async function runSupervisor(environment: Environment): Promise<number> {
  try {
    const config = loadProcessConfig(configTable);
    const stateDir = await openStateDir(config.stateDir);
    try {
      return await supervise(config, environment, stateDir);
    } finally {
      rmSync(stateDir.platform, { force: true });
      stateDir.release();
    }
  } catch (error) {
    if (error instanceof ConfigError) {
      reportConfigProblems(NAME, error.problems);
      return EXIT_CONFIG;
    }
    if (!(error instanceof PlatformError)) throw error;
    process.stderr.write(`${NAME}: ${error.message}\n`);
    return 1;
  }
}

async function supervise(config: Config, environment: Environment, stateDir: StateDir): Promise<number> {
  const logFile = stateDir.log('supervisor');
  truncateLog(logFile);
  const fd = openSync(logFile, 'a');
  const log = createLogger({ name: 'supervisor', level: config.logLevel, fd });
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  // A terminal that is gone takes no platform down.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => ignore(log, error, 'nobody reads it any more'));
  }
  let fleet: Fleet | undefined;
  const stop = stopRequests(log, () => fleet?.kill());
  // Timers of the clock do not keep a process alive, and between two starts there may be nothing else.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    say(`starting; logs are in ${stateDir.path}/logs`);
    await startPlatform({
      ...{ config, environment, stateDir, log, say, clock: systemClock, signal: stop.signal },
      started: (started) => (fleet = started),
    });
    await stop.requested;
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    log.error('platform.start-failed', { err: error });
    throw error;
  } finally {
    if (fleet !== undefined) {
      say('stopping …');
      await fleet.stop();
      say('stopped');
    }
    log.info('platform.stopped');
    stop.dispose();
    clearInterval(keepAlive);
    closeSync(fd);
  }
}

interface StopRequests {
  readonly signal: AbortSignal;
  readonly requested: Promise<void>;
  dispose(): void;
}

/** The first signal asks for a stop; Ctrl-C once more, a moment later, ends everything at once. */
function stopRequests(log: Logger, killAll: () => void): StopRequests {
  const asked = new AbortController();
  let askedAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info('platform.stop-requested', { signal });
    if (!asked.signal.aborted) {
      askedAt = systemClock.monotonicMs();
      asked.abort();
    } else if (signal === 'SIGINT' && systemClock.monotonicMs() - askedAt > SAME_REQUEST_MS) {
      killAll();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: asked.signal,
    requested: new Promise((resolve) => asked.signal.addEventListener('abort', () => resolve(), { once: true })),
    dispose: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
