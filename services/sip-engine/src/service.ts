import { type Clock, gatherTurns } from '@callweave/clock';
import { createInstanceId, type HealthServer, Life, serveHealth } from '@callweave/service';
import {
  ENGINE_VERSION,
  publishMetrics,
  type SipEngineOptions,
  startSipEngine,
  type TlsOptions,
} from '@callweave/sip-engine';
import { type Logger, startMetrics } from '@callweave/telemetry';
import { Certificate } from './certificate.ts';
import { type EngineConfig } from './config.ts';
import { statusOf } from './status.ts';

/** Longest time a stopping engine waits for what it has taken on: as long as a SIP transaction may last. */
const DRAIN_MS = 32_000;

export interface ProcessDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether an application may make things go wrong on purpose; not unless given. */
  readonly faults?: SipEngineOptions['faults'];
}

/** The engine as a process. */
export interface EngineProcess {
  /** Reads certificate and key again without waiting until it is seen that they have changed; connections go on, and what cannot be used is left where it is. */
  reload(): void;
  /** Takes nothing new, finishes what is pending, closes everything. */
  stop(): Promise<void>;
}

/** How long datagrams and words of applications are gathered at most, ms; ADR 0024. */
const GATHER_MS = 16;

/** The composition root: the engine, and its health where addresses for it are given. */
export async function startEngineProcess(config: EngineConfig, deps: ProcessDeps): Promise<EngineProcess> {
  const { clock, log, faults } = deps;
  const life = new Life({ log, clock });
  for (const warning of config.warnings) log.warn('setting.ignored', { warning });
  const certificate = config.tls === undefined ? undefined : new Certificate(config.tls, deps);
  const instance = createInstanceId();
  // The flows of an engine are known by its id, so applications are told it when they are let in.
  const version = `${ENGINE_VERSION}+engine.${instance}`;
  const { control } = config;
  const engine = await startSipEngine(
    { ...config.engine, control, tls: certificate?.read(), instance, version, faults },
    { clock, log },
  );
  const renewTls = (tls: TlsOptions): void => engine.renewTls(tls);
  const watch = certificate?.watch(renewTls);
  const hurry = gatherTurns({ gatherMs: GATHER_MS, isUrgent: () => engine.leftSome() });
  const health: HealthServer[] = [];
  try {
    if (config.health.length > 0) {
      const renderMetrics = startMetrics('sip-engine', instance);
      publishMetrics(engine);
      const status = (): Readonly<Record<string, unknown>> => statusOf(engine, life.notReady() ?? 'ready');
      for (const address of config.health) {
        health.push(await serveHealth({ ...address, notReady: () => life.notReady(), renderMetrics, status }));
      }
    }
  } catch (error) {
    watch?.cancel();
    await Promise.all([engine.stop(), ...health.map((server) => server.close())]);
    throw error;
  }
  life.started({ notReady: () => undefined, drain: () => engine.drain(), stop: () => engine.stop() });
  log.info('engine.ready', {
    instance,
    contacts: engine.contacts,
    controlPort: engine.controlPort,
    secureControlPort: engine.secureControlPort,
    httpPort: health[0]?.port,
  });
  return {
    reload: () => certificate?.renew(renewTls),
    stop: async () => {
      watch?.cancel();
      await life.shutDown(DRAIN_MS);
      await Promise.all(health.map((server) => server.close()));
      hurry();
    },
  };
}
