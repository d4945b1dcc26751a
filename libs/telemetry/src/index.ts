export {
  createLogger,
  ignore,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  logLevels,
} from './logger.ts';
export {
  type Counter,
  counter,
  defineMetric,
  gauge,
  type Histogram,
  histogram,
  latencyBoundsSec,
  type MetricDefinition,
  type ObservableGauge,
  startMetrics,
} from './metrics.ts';
export {
  activeTraceId,
  injectTrace,
  type Span,
  SpanKind,
  type SpanOptions,
  startTracing,
  type TraceCarrier,
  type TracingOptions,
  withSpan,
} from './tracing.ts';
