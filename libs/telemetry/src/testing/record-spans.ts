import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { noteTracing } from '../tracing.ts';

/** A span that has ended, as tests compare it. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly isFailed: boolean;
}

/** Records every span of this process from now on; what is returned gives and forgets those that ended since. */
export function recordSpans(): () => RecordedSpan[] {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  noteTracing();
  return () => {
    const spans = exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: SpanKind[span.kind].toLowerCase(),
      ...span.spanContext(),
      parentSpanId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      events: span.events.map(({ name }) => name),
      isFailed: span.status.code === SpanStatusCode.ERROR,
    }));
    exporter.reset();
    return spans;
  };
}
