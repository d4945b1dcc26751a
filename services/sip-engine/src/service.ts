import { type Clock } from '@callweave/clock';
import { createInstanceId, type HealthServer, Life, serveHealth } from '@callweave/service';
import { ENGINE_VERSION, publishMetrics, startSipEngine, type TlsOptions } from '@callweave/sip-engine';
import { type Logger, startMetrics } from '@callweave/telemetry';
import { type EngineConfig } from './config.ts';
import { expiryOf, readTlsFiles, TlsFilesError } from './tls-files.ts';

/** Longest time a stopping engine waits for what it has taken on: as long as a SIP transaction may last. */
const DRAIN_MS = 32_000;

export interface ProcessDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The engine as a process. */
export interface EngineProcess {
  /** Reads certificate and key again; connections go on, and what cannot be used is left where it is. */
  reload(): void;
  /** Takes nothing new, finishes what is pending, closes everything. */
  stop(): Promise<void>;
}

/** The composition root: the engine, and its health when a port for it is given. */
export async function startEngineProcess(config: EngineConfig, { clock, log }: ProcessDeps): Promise<EngineProcess> {
  const tls = config.tls === undefined ? undefined : readTlsFiles(config.tls);
  const { contacts, webSockets, compat, offerUnknownDialogs, overload, address, port, secret, httpHost, httpPort } =
    config;
  const life = new Life({ log, clock });
  for (const warning of config.warnings) log.warn('flag.ignored', { warning });
  const instance = createInstanceId();
  // The flows of an engine are known by its id, so applications are told it when they are let in.
  const version = `${ENGINE_VERSION}+engine.${instance}`;
  const control = { address, port, tlsPort: config.tlsPort, secret };
  const options = {
    contacts,
    tls,
    webSockets,
    compat,
    offerUnknownDialogs,
    overload,
    control,
    instance,
    version,
    requestHandlers: config.requestHandlers,
  };
  const engine = await startSipEngine(options, { clock, log });
  let health: HealthServer | undefined;
  try {
    if (httpPort !== undefined) {
      const renderMetrics = startMetrics('sip-engine', instance);
      publishMetrics(engine);
      health = await serveHealth({ host: httpHost, port: httpPort, notReady: () => life.notReady(), renderMetrics });
    }
  } catch (error) {
    await engine.stop();
    throw error;
  }
  life.started({ notReady: () => undefined, drain: () => engine.drain(), stop: () => engine.stop() });
  log.info('engine.ready', {
    instance,
    contacts: engine.contacts,
    controlPort: engine.controlPort,
    secureControlPort: engine.secureControlPort,
    httpPort: health?.port,
  });
  const tellExpiry = (renewed: TlsOptions): void => {
    const expiresAt = expiryOf(renewed);
    const isExpired = expiresAt.getTime() <= clock.epochMs();
    if (isExpired) log.error('certificate.expired', { expiresAt });
    else log.info('certificate.in-use', { expiresAt });
  };
  if (tls !== undefined) tellExpiry(tls);
  return {
    reload: () => {
      if (config.tls === undefined) return;
      try {
        const renewed = readTlsFiles(config.tls);
        engine.renewTls(renewed);
        tellExpiry(renewed);
      } catch (error) {
        if (!(error instanceof TlsFilesError)) throw error;
        log.error('certificate.not-renewed', { problems: error.problems });
      }
    },
    stop: async () => {
      await life.shutDown(DRAIN_MS);
      await health?.close();
    },
  };
}
