import { type Logger } from './logger.ts';
import { noteTracing } from './tracing.ts';

export interface TracingOptions {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  /** Base URL of an OTLP/HTTP receiver (traces go to `<url>/v1/traces`); without one nothing is recorded. */
  readonly otlpUrl: string | undefined;
  /** Share of new traces that are recorded, 0 to 1; a trace that is begun elsewhere goes on as it was begun. */
  readonly ratio: number;
  readonly log: Logger;
}

/** One request to the receiver may take this long. */
const REQUEST_MS = 5_000;
/** Spans kept while the receiver does not take them; what comes on top is lost. */
const MAX_QUEUED = 8_192;
/** A process that stops waits no longer than this for the receiver to take what is left. */
const FLUSH_MS = 2_000;

/**
 * Starts recording traces; the returned function sends what is left and stops, within two seconds. Nothing of
 * OpenTelemetry's SDK is loaded without a receiver. Names and limits of the SDK's own (`OTEL_BSP_*`,
 * `OTEL_EXPORTER_OTLP_HEADERS`) hold as they are documented there.
 */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { otlpUrl, ratio, log, service, instance, version } = options;
  if (otlpUrl === undefined) return () => Promise.resolve();
  const [{ NodeSDK, tracing }, { OTLPTraceExporter }, { resourceFromAttributes }, own] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('./patient-exporter.ts'),
  ]);
  const url = tracesUrl(otlpUrl);
  const exporter = new own.PatientExporter(new OTLPTraceExporter({ url, timeoutMillis: REQUEST_MS }), { url, log });
  const limits = { maxQueueSize: MAX_QUEUED, exportTimeoutMillis: own.LONGEST_EXPORT_MS };
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'callweave',
      'service.instance.id': instance,
      'service.version': version,
    }),
    autoDetectResources: false,
    sampler: new tracing.ParentBasedSampler({ root: new tracing.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new tracing.BatchSpanProcessor(exporter, limits)],
    instrumentations: [],
    // Metrics have their own way out (`startMetrics`), and logs are lines on stdout.
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  noteTracing();
  return () => within(FLUSH_MS, sdk.shutdown());
}

/** Where a receiver takes traces: below its base URL, whatever path that has. */
export function tracesUrl(base: string): string {
  return new URL('v1/traces', base.endsWith('/') ? base : `${base}/`).href;
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  // What could not be sent has been told by the exporter.
  await Promise.race([work.catch(() => undefined), limit]);
  clearTimeout(timer);
}
