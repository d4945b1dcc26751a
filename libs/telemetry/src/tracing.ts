import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type TextMapGetter,
  type TextMapSetter,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK, tracing } from '@opentelemetry/sdk-node';

export { SpanKind };
export type { Span };

export interface TracingOptions {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  /** Base URL of an OTLP/HTTP receiver (traces go to `<url>/v1/traces`); without one nothing is recorded. */
  readonly otlpUrl: string | undefined;
}

/** Starts the OpenTelemetry SDK; the returned function flushes and stops it. */
export function startTracing({ service, instance, version, otlpUrl }: TracingOptions): () => Promise<void> {
  if (otlpUrl === undefined) {
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    return () => Promise.resolve();
  }
  const exporter = new OTLPTraceExporter({ url: new URL('/v1/traces', otlpUrl).href });
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.instance.id': instance,
      'service.version': version,
    }),
    spanProcessors: [new tracing.BatchSpanProcessor(exporter)],
    textMapPropagator: new W3CTraceContextPropagator(),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return () => sdk.shutdown();
}

/** A carrier of W3C trace context, for example the headers of a NATS message. */
export interface TraceCarrier {
  get(key: string): string;
  set(key: string, value: string): void;
  keys(): string[];
}

const setter: TextMapSetter<TraceCarrier> = { set: (carrier, key, value) => carrier.set(key, value) };
const getter: TextMapGetter<TraceCarrier> = {
  get: (carrier, key) => {
    const value = carrier.get(key);
    return value === '' ? undefined : value;
  },
  keys: (carrier) => carrier.keys(),
};

/** Writes `traceparent` (and `tracestate`) of the active span into `carrier`. */
export function injectTrace(carrier: TraceCarrier): void {
  propagation.inject(context.active(), carrier, setter);
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  /** Continue the trace found in this carrier instead of the active one. */
  readonly from?: TraceCarrier | undefined;
}

/** Runs `work` inside a span that ends with it and records the error it throws. */
export async function withSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const parent =
    options.from === undefined ? context.active() : propagation.extract(context.active(), options.from, getter);
  const span = trace
    .getTracer('callweave')
    .startSpan(name, { kind: options.kind ?? SpanKind.INTERNAL, attributes: { ...options.attributes } }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** The trace id of the active span, for logs and records; undefined outside a recorded trace. */
export function activeTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}
