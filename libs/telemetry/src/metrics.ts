import { type Counter, type Histogram, metrics, type ObservableGauge } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

export type { Counter, Histogram, ObservableGauge };

/** What one metric is: declared once per package in its `metrics.ts`; the reference is generated from it. */
export interface MetricDefinition {
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  readonly help: string;
  readonly unit: string;
  /** Label names; none may have unbounded values. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in `unit`. */
  readonly bounds?: readonly number[];
}

/** Declares a metric. */
export function defineMetric<const D extends MetricDefinition>(definition: D): D {
  return definition;
}

/** Upper bounds that suit answers between services, in seconds. */
export const latencyBoundsSec = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** What became of the spans of this process. */
export const traceSpans = defineMetric({
  name: 'callweave_trace_spans',
  kind: 'counter',
  help: 'Spans that the receiver of traces took, and those that were given up.',
  unit: '1',
  labels: ['outcome'],
});

/** Every metric of this package; the reference is generated from it. */
export const telemetryMetrics = [traceSpans] as const;

/** Starts collecting; the returned function renders everything in Prometheus' text format. */
export function startMetrics(service: string, instance: string): () => Promise<string> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.instance.id': instance }),
    readers: [exporter],
  });
  metrics.setGlobalMeterProvider(provider);
  const serializer = new PrometheusSerializer();
  return async () => serializer.serialize((await exporter.collect()).resourceMetrics);
}

/** The counter that `definition` describes. */
export function counter(definition: MetricDefinition): Counter {
  return meter().createCounter(definition.name, { description: definition.help, unit: definition.unit });
}

/** The histogram that `definition` describes. */
export function histogram(definition: MetricDefinition): Histogram {
  return meter().createHistogram(definition.name, {
    description: definition.help,
    unit: definition.unit,
    advice: { explicitBucketBoundaries: [...(definition.bounds ?? latencyBoundsSec)] },
  });
}

/** A gauge read when someone scrapes. */
export function gauge(definition: MetricDefinition, read: () => number): ObservableGauge {
  const observable = meter().createObservableGauge(definition.name, {
    description: definition.help,
    unit: definition.unit,
  });
  observable.addCallback((result) => result.observe(read()));
  return observable;
}

/** The same with a figure for each set of labels. */
export function labelledGauge(
  definition: MetricDefinition,
  read: () => Iterable<{ readonly value: number; readonly labels: Readonly<Record<string, string>> }>,
): void {
  const observable = meter().createObservableGauge(definition.name, {
    description: definition.help,
    unit: definition.unit,
  });
  observable.addCallback((result) => {
    for (const { value, labels } of read()) result.observe(value, labels);
  });
}

/** A counter that somebody else keeps, read when someone scrapes: a total for each set of labels. */
export function observedCounter(
  definition: MetricDefinition,
  read: () => Iterable<{ readonly value: number; readonly labels: Readonly<Record<string, string>> }>,
): void {
  const observable = meter().createObservableCounter(definition.name, {
    description: definition.help,
    unit: definition.unit,
  });
  observable.addCallback((result) => {
    for (const { value, labels } of read()) result.observe(value, labels);
  });
}

function meter(): ReturnType<typeof metrics.getMeter> {
  return metrics.getMeter('callweave');
}
