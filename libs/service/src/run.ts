import { type Clock, systemClock } from '@callweave/clock';
import { createLogger, type Logger, logLevels, startMetrics, startTracing } from '@callweave/telemetry';
import { z } from 'zod';
import {
  ConfigError,
  type ConfigOf,
  type ConfigTable,
  defineConfig,
  env,
  loadConfig,
  port,
  seconds,
} from './config.ts';
import { type HealthServer, serveHealth } from './health.ts';
import { createInstanceId } from './instance.ts';
import { Life, type RunningService } from './life.ts';
import { version } from './version.ts';

/** Exit code of a process whose configuration is wrong (`EX_CONFIG`, sysexits.h). */
export const EXIT_CONFIG = 78;

/** Settings every process has. */
export const processConfig = defineConfig({
  logLevel: env(
    'CALLWEAVE_LOG_LEVEL',
    z.enum(logLevels).default('info').describe('Least severe level that is logged.'),
  ),
  httpHost: env('CALLWEAVE_HTTP_HOST', z.string().default('127.0.0.1').describe('Address of health and metrics.')),
  httpPort: env('CALLWEAVE_HTTP_PORT', port.default(0).describe('Port of health and metrics; 0 picks a free one.')),
  otlpUrl: env(
    'CALLWEAVE_OTLP_URL',
    z.url().optional().describe('Base URL of an OTLP/HTTP trace receiver, for example http://jaeger:4318.'),
  ),
  traceRatio: env(
    'CALLWEAVE_TRACE_RATIO',
    z.coerce
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of calls and registrations that are traced, 0 to 1; only with a trace receiver.'),
  ),
  drainSec: env(
    'CALLWEAVE_DRAIN_SEC',
    seconds.default(15).describe('Longest time a stopping process may take to finish its work.'),
  ),
});

/** What the composition root of a service is given. */
export interface ServiceContext<C> {
  readonly name: string;
  /** This process among its replicas: generated at start, announced by a lease. */
  readonly instance: string;
  readonly config: C;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
}

export interface ServiceDefinition<T extends ConfigTable> {
  readonly name: string;
  readonly config: T;
  /** Settings that contradict each other, one line for each; checked once each is right by itself. */
  readonly contradictions?: (config: ConfigOf<T>) => readonly string[];
  readonly start: (context: ServiceContext<ConfigOf<T>>) => Promise<RunningService>;
}

/** Runs a service until it is told to stop. Wrong configuration: every problem on stderr, exit 78. */
export async function runService<T extends ConfigTable>(definition: ServiceDefinition<T>): Promise<void> {
  const settings = readSettings(definition);
  if (settings === undefined) return;
  const { common, own } = settings;
  const { name } = definition;
  const instance = createInstanceId();
  const log = createLogger({ name, level: common.logLevel }).child({ instance });
  const life = new Life({ log, clock: systemClock });
  const renderMetrics = startMetrics(name, instance);
  const { otlpUrl, traceRatio: ratio } = common;
  const stopTracing = await startTracing({ service: name, instance, version, otlpUrl, ratio, log });

  let health: HealthServer | undefined;
  const stop = async (code: number): Promise<never> => {
    await life.shutDown(common.drainSec * 1000);
    await health?.close();
    await stopTracing();
    process.exit(code);
  };
  onStopRequest(
    () => void stop(0),
    () => process.exit(1),
  );
  process.on('uncaughtException', (error) => {
    log.error('service.crashed', { err: error });
    process.exit(1);
  });

  try {
    health = await serveHealth({
      host: common.httpHost,
      port: common.httpPort,
      notReady: () => life.notReady(),
      renderMetrics,
    });
    life.started(await definition.start({ name, instance, config: own, log, clock: systemClock, version }));
    log.info('service.ready', { httpPort: health.port });
  } catch (error) {
    log.error('service.start-failed', { err: error });
    process.exit(1);
  }
}

function readSettings<T extends ConfigTable>(
  definition: ServiceDefinition<T>,
): { common: ConfigOf<typeof processConfig>; own: ConfigOf<T> } | undefined {
  const problems: string[] = [];
  const read = <U extends ConfigTable>(table: U): ConfigOf<U> | undefined => {
    try {
      return loadConfig(table, process.env);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const common = read(processConfig);
  const own = read(definition.config);
  if (own !== undefined) problems.push(...(definition.contradictions?.(own) ?? []));
  if (common !== undefined && own !== undefined && problems.length === 0) return { common, own };
  reportConfigProblems(definition.name, problems);
  return undefined;
}

/** Prints every problem and makes the process exit 78. */
export function reportConfigProblems(name: string, problems: readonly string[]): void {
  process.stderr.write(`${name}: wrong configuration\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
  process.exitCode = EXIT_CONFIG;
}

/** SIGTERM, SIGINT or the loss of the parent asks once; a second signal ends at once. */
function onStopRequest(first: () => void, second: () => void): void {
  let asked = false;
  const ask = (): void => {
    if (asked) {
      second();
      return;
    }
    asked = true;
    first();
  };
  process.on('SIGTERM', ask);
  process.on('SIGINT', ask);
  if (process.channel !== undefined) {
    process.channel.unref();
    process.on('disconnect', () => {
      if (!asked) ask();
    });
  }
}
