import { type Clock, type Timer } from '@callweave/clock';
import { type CloudEvent, type EventType, type TokenValues } from '@callweave/contracts';
import { gauge, type Logger } from '@callweave/telemetry';
import { type JetStreamClient } from 'nats';
import { type z } from 'zod';
import { expBackoff } from './backoff.ts';
import { JournalError } from './errors.ts';
import { tracedHeaders } from './headers.ts';
import { claimAbandoned, Journal, type JournalLine } from './journal.ts';
import { journalPending } from './metrics.ts';

/** A fact to tell. */
export interface Fact<P extends string, S extends z.ZodType> {
  readonly type: EventType<P, S>;
  readonly tokens: TokenValues<P>;
  /** The same fact has the same id, however often and by whomever it is told. */
  readonly id: string;
  readonly data: z.input<S>;
  /** Extensions of the envelope. */
  readonly context: Pick<CloudEvent, 'tenant' | 'callid' | 'legid' | 'owner' | 'epoch' | 'sequence'>;
}

const BATCH = 128;
const ABANDONED_EVERY_MS = 5_000;

type Pending = Pick<JournalLine, 'subject' | 'id' | 'payload'> & { readonly done: () => void };

/**
 * Tells facts: journal first, then JetStream, in order, again until acknowledged. While the bus is away facts wait;
 * what a killed process left in its journal is told by whoever finds it.
 */
export class Publisher {
  readonly #journal: Journal;
  readonly #queue: Pending[] = [];
  readonly #deps: PublisherDeps;
  readonly #adopting: Timer;
  #pumping: Promise<void> | undefined;
  #closing = false;
  #whenFlushed: (() => void)[] = [];
  #journalFailed = false;

  private constructor(journal: Journal, deps: PublisherDeps) {
    this.#journal = journal;
    this.#deps = deps;
    this.#adopting = deps.clock.every(ABANDONED_EVERY_MS, () => void this.#adopt());
    gauge(journalPending, () => this.#queue.length);
    deps.onReconnect(() => this.#pump());
  }

  static async open(deps: PublisherDeps): Promise<Publisher> {
    const publisher = new Publisher(await Journal.open(deps.directory, deps.instance), deps);
    await publisher.#adopt();
    return publisher;
  }

  /** Why facts cannot be kept safe now; undefined when they can. */
  get notReady(): string | undefined {
    return this.#journalFailed ? 'the journal cannot be written' : undefined;
  }

  /** Facts not acknowledged yet. */
  get pending(): number {
    return this.#queue.length;
  }

  /** Tells a fact. When this returns it is in the journal (or, on a full disk, in memory and this process unready). */
  tell<P extends string, S extends z.ZodType>({ type, tokens, id, data, context }: Fact<P, S>): void {
    const envelope: CloudEvent = {
      specversion: '1.0',
      id,
      source: this.#deps.source,
      type: type.type,
      time: new Date(this.#deps.clock.epochMs()).toISOString(),
      datacontenttype: 'application/json',
      ...context,
      data,
    };
    this.#enqueue({ subject: type.subject(tokens), id, payload: JSON.stringify(envelope) });
  }

  /** Waits until everything told is acknowledged. */
  async flush(): Promise<void> {
    if (this.#queue.length > 0) await new Promise<void>((resolve) => this.#whenFlushed.push(resolve));
  }

  /** Stops telling; what is not acknowledged stays in the journal for the next process. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#adopting.cancel();
    await this.#pumping;
    this.#journal.close();
  }

  #enqueue(fact: Omit<JournalLine, 'n'>): void {
    let done = (): void => undefined;
    try {
      const { n } = this.#journal.append(fact);
      done = () => this.#journal.acknowledge(n);
      this.#journalFailed = false;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#journalFailed = true;
      this.#deps.log.error('journal.failed', { err: error });
    }
    this.#queue.push({ ...fact, done });
    this.#pump();
  }

  async #adopt(): Promise<void> {
    if (this.#closing) return;
    for (const { lines, finish } of await claimAbandoned(this.#deps.directory, this.#deps.instance)) {
      this.#deps.log.info('journal.adopted', { facts: lines.length });
      if (lines.length === 0) finish();
      lines.forEach((line, index) => {
        this.#queue.push({ ...line, done: index === lines.length - 1 ? finish : () => undefined });
      });
    }
    this.#pump();
  }

  #pump(): void {
    if (this.#pumping !== undefined || this.#closing) return;
    this.#pumping = this.#run().finally(() => {
      this.#pumping = undefined;
      if (this.#canTell()) this.#pump();
    });
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#canTell();) {
      const batch = this.#queue.slice(0, BATCH);
      const results = await Promise.allSettled(batch.map((fact) => this.#publish(fact)));
      const failed = results.findIndex(({ status }) => status === 'rejected');
      const told = failed === -1 ? batch.length : failed;
      for (const fact of this.#queue.splice(0, told)) fact.done();
      failures = failed === -1 ? 0 : failures + 1;
      if (failed !== -1) await this.#pause(failures, results[failed]);
    }
    if (this.#queue.length === 0) for (const resolve of this.#whenFlushed.splice(0)) resolve();
  }

  #canTell(): boolean {
    return this.#queue.length > 0 && !this.#closing && this.#deps.isConnected();
  }

  async #publish({ subject, id, payload }: Pending): Promise<void> {
    await this.#deps.js.publish(subject, new TextEncoder().encode(payload), { msgID: id, headers: tracedHeaders() });
  }

  #pause(failures: number, result: PromiseSettledResult<void> | undefined): Promise<void> {
    const err: unknown = result?.status === 'rejected' ? result.reason : undefined;
    this.#deps.log.warn('publish.failed', { pending: this.#queue.length, err });
    return new Promise((resolve) => this.#deps.clock.after(expBackoff(failures, 100, 2_000), resolve));
  }
}

export interface PublisherDeps {
  readonly js: JetStreamClient;
  readonly isConnected: () => boolean;
  readonly onReconnect: (action: () => void) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where journals are kept (`CALLWEAVE_STATE_DIR`). */
  readonly directory: string;
  readonly instance: string;
  /** CloudEvents `source`. */
  readonly source: string;
}
