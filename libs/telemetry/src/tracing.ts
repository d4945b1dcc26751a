import {
  type Attributes,
  context,
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';

export { SpanKind };
export type { Attributes, Span };

/** Header of a message in which a trace goes on elsewhere. W3C Trace Context, level 1. */
export const TRACE_HEADER = 'traceparent';

export interface SpanOptions {
  /** SERVER and CONSUMER spans go on where `parent` says, or begin a trace; all others belong to the active span. */
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** A `traceparent` from elsewhere; one that cannot be read counts as none. */
  readonly parent?: string | undefined;
  /** Epoch ms at which it began, for what is told afterwards. */
  readonly startedAtMs?: number;
}

// A proxy: it turns to whatever provider is there when a span begins.
const tracer = trace.getTracer('callweave');

/** The span of a process that traces nothing. */
const nothing = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

let tracing = false;

/** From now on somebody records spans. */
export function noteTracing(): void {
  tracing = true;
}

/** Whether spans are recorded: what only they tell need not be worked out otherwise. */
export function isTracing(): boolean {
  return tracing;
}

/** Begins a span; whoever does must end it. Without a receiver of traces it records nothing. */
export function startSpan(name: string, { kind, attributes, parent, startedAtMs }: SpanOptions = {}): Span {
  if (parent === undefined && !isTracing()) return nothing;
  return tracer.startSpan(
    name,
    {
      kind: kind ?? SpanKind.INTERNAL,
      ...(attributes === undefined ? {} : { attributes }),
      ...(startedAtMs === undefined ? {} : { startTime: startedAtMs }),
    },
    parentContext(kind, parent),
  );
}

/** Runs `work` with `span` active; what it begins and awaits belongs to that span. Does not end it. */
export function insideSpan<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work);
}

/** Runs `work` at the place in a trace that `parent` names; as it is when there is none. */
export function insideTrace<T>(parent: string | undefined, work: () => T): T {
  return parent === undefined ? work() : context.with(remoteContext(parent), work);
}

/** `work`, run inside the span that is active now, whoever calls it and when. */
export function bound<A extends readonly unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  const here = context.active();
  return here === ROOT_CONTEXT ? work : (...args) => context.with(here, () => work(...args));
}

/** Runs `work` inside a span that ends with it and records the error it throws. */
export function withSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const span = startSpan(name, options);
  // Nothing traces: the work costs what it costs by itself.
  return trace.isSpanContextValid(span.spanContext()) ? within(span, work) : work(span);
}

async function within<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await insideSpan(span, () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** The same for a step that is of no interest by itself: outside a trace it is run without a span. */
export function withStep<T>(name: string, options: Omit<SpanOptions, 'parent'>, work: () => Promise<T>): Promise<T> {
  return trace.getActiveSpan() === undefined ? work() : withSpan(name, options, work);
}

/** Marks a span as failed: with an error that was thrown, or with what went wrong. */
export function failSpan(span: Span, error: unknown): void {
  if (error instanceof Error) span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** Adds to what the active span says; nothing without one. */
export function annotate(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

/** Notes in the active span that something happened; nothing without one. */
export function note(event: string, attributes?: Attributes): void {
  trace.getActiveSpan()?.addEvent(event, attributes);
}

/** The active span as a `traceparent`, to go on with it elsewhere or later; undefined outside a trace. */
export function activeTrace(): string | undefined {
  const span = trace.getActiveSpan();
  return span === undefined ? undefined : traceParentOf(span);
}

/** A span as a `traceparent`; undefined when nothing traces. */
export function traceParentOf(span: Span): string | undefined {
  const spanContext = span.spanContext();
  if (!trace.isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}

/** The trace id of the active span, for logs and records; undefined outside a trace. */
export function activeTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

function parentContext(kind: SpanKind | undefined, parent: string | undefined): Context {
  if (parent !== undefined) return remoteContext(parent);
  return kind === SpanKind.SERVER || kind === SpanKind.CONSUMER ? ROOT_CONTEXT : context.active();
}

function remoteContext(parent: string): Context {
  const spanContext = parseTraceParent(parent);
  return spanContext === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, isRemote: true });
}
