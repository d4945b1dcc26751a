import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { type Logger } from './logger.ts';
import { type Counter, counter, traceSpans } from './metrics.ts';

/** How long after a failure the same spans are sent again. */
const RETRY_MS = 2_000;
/** After this the receiver is thought to refuse just these spans, and they are given up. */
const GIVE_UP_MS = 120_000;
/** Longest time one export may take, from the first attempt to the last. */
export const LONGEST_EXPORT_MS = GIVE_UP_MS + 15_000;

/**
 * Sends spans again until the receiver takes them: one that is away, slow or broken costs no span as long as the queue
 * before this has room, and one line in the log, however long it lasts. While one lot waits the others queue up.
 */
export class PatientExporter implements SpanExporter {
  readonly #exporter: SpanExporter;
  readonly #log: Logger;
  readonly #spans: Counter = counter(traceSpans);
  /** Lots that wait for their next attempt. */
  readonly #waiting = new Set<() => void>();
  #isFailing = false;
  #isClosing = false;

  constructor(exporter: SpanExporter, { url, log }: { url: string; log: Logger }) {
    this.#exporter = exporter;
    this.#log = log.child({ url });
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const giveUpAt = performance.now() + GIVE_UP_MS;
    const attempt = (): void => {
      this.#exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) this.#succeeded(spans.length);
        else if (this.#mayRetry(result.error) && performance.now() < giveUpAt) {
          this.#failed(result.error);
          this.#later(attempt);
          return;
        } else this.#lost(spans.length, result.error);
        done(result);
      });
    };
    attempt();
  }

  async shutdown(): Promise<void> {
    this.#isClosing = true;
    for (const attempt of [...this.#waiting]) attempt();
    await this.#exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.();
  }

  /** A receiver that says what is wrong with the spans will say so again. */
  #mayRetry(error: unknown): boolean {
    if (this.#isClosing) return false;
    const status = error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 0;
    return status < 400 || status >= 500 || status === 408 || status === 429;
  }

  #later(attempt: () => void): void {
    const now = (): void => {
      clearTimeout(timer);
      this.#waiting.delete(now);
      attempt();
    };
    const timer = setTimeout(now, RETRY_MS).unref();
    this.#waiting.add(now);
  }

  #succeeded(count: number): void {
    this.#spans.add(count, { outcome: 'exported' });
    if (this.#isFailing) this.#log.info('traces.exported-again');
    this.#isFailing = false;
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#log.warn('traces.not-exported', { err: error });
    this.#isFailing = true;
  }

  #lost(count: number, error: unknown): void {
    this.#spans.add(count, { outcome: 'lost' });
    this.#failed(error);
  }
}
