import { type Clock, sleep, type Timer } from '@callweave/clock';
import { type CloudEvent, type EventType, type TokenValues } from '@callweave/contracts';
import {
  gauge,
  ignore,
  isTracing,
  type Logger,
  type Span,
  SpanKind,
  startSpan,
  traceParentOf,
} from '@callweave/telemetry';
import { type z } from 'zod';
import { type Abandoned, claimAbandoned, NOTES_KEPT_MS } from './abandoned-journals.ts';
import { expBackoff } from './backoff.ts';
import { encodeText } from './codec.ts';
import { type Departures } from './departures.ts';
import { JournalError } from './errors.ts';
import { shortName, tracedHeaders } from './headers.ts';
import { type JetStream } from './jetstream.ts';
import { Journal } from './journal.ts';
import { type JournalLine, type JournalNote } from './journal-line.ts';
import { journalPending } from './metrics.ts';
import { classifyNatsFailure } from './nats-failure.ts';

/** A fact to tell. */
export interface Fact<P extends string, S extends z.ZodType> {
  readonly type: EventType<P, S>;
  readonly tokens: TokenValues<P>;
  /** The same fact has the same id, however often and by whomever it is told. */
  readonly id: string;
  readonly data: z.input<S>;
  /** Extensions of the envelope. */
  readonly context: Pick<CloudEvent, 'tenant' | 'callid' | 'legid' | 'owner' | 'epoch' | 'sequence'>;
  /** Stands in the journal with it, for a successor alone. */
  readonly note?: JournalNote | undefined;
}

const BATCH = 128;
const TIDY_EVERY_MS = 5_000;
/** How long acknowledgements are gathered for one line; whoever adopts us meanwhile tells them again, stored once. */
const SETTLE_MS = 100;

interface Pending extends Pick<JournalLine, 'subject' | 'id' | 'payload' | 'once' | 'traceparent'> {
  /** Its number in our own journal. */
  readonly n?: number;
  /** It is the last one of a journal we adopted. */
  readonly adopted?: Abandoned;
  /** Lasts until the stream has it. */
  readonly span?: Span;
}

/**
 * Tells facts: journal first, then JetStream, again until acknowledged. Facts about the same thing (subjects that
 * differ in their last token only) are stored in the order they were told. While the bus is away facts wait; what a
 * killed process left in its journal is told by whoever finds it.
 */
export class Publisher {
  readonly #journal: Journal;
  readonly #deps: PublisherDeps;
  readonly #tidying: Timer;
  readonly #stopping = new AbortController();
  #queue: Pending[] = [];
  #pumping: Promise<void> | undefined;
  #adopting: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #whenFlushed: (() => void)[] = [];
  #journalFailed = false;
  /** Of the journals we adopted, for as long as somebody may go on where they stop. */
  readonly #notes = new Map<string, readonly unknown[]>();
  readonly #adopted: Abandoned[] = [];
  #settling: Timer | undefined;
  /** What waits has waited only for the facts before it, and waits no longer. */
  #isLate = false;
  /** Ends the wait for a departure. */
  #goOn: (() => void) | undefined;

  private constructor(journal: Journal, deps: PublisherDeps) {
    this.#journal = journal;
    this.#deps = deps;
    this.#tidying = deps.clock.every(TIDY_EVERY_MS, () => {
      if (this.#journalFailed) this.#journalFailed = !journal.probe();
      void this.#adopt();
    });
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
  tell<P extends string, S extends z.ZodType>({ type, tokens, id, data, context, note }: Fact<P, S>): void {
    const span = isTracing() ? publishing(type.pattern, id) : undefined;
    const traceParent = span === undefined ? undefined : traceParentOf(span);
    const trace = traceParent === undefined ? {} : { traceparent: traceParent };
    const envelope: CloudEvent = {
      specversion: '1.0',
      id,
      source: this.#deps.source,
      type: type.type,
      time: new Date(this.#deps.clock.epochMs()).toISOString(),
      datacontenttype: 'application/json',
      ...context,
      ...trace,
      data,
    };
    const once = type.once ? { once: true } : {};
    const line = { subject: type.subject(tokens), id, payload: JSON.stringify(envelope), ...once, ...trace };
    this.#enqueue(note === undefined ? line : { ...line, note }, span);
  }

  /** Leaves a note to whoever finds this journal; without a journal nobody will. */
  note(about: string, value: unknown): void {
    try {
      this.#journal.note({ about, value });
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#deps.log.error('journal.failed', { err: error });
    }
  }

  /** Notes about a thing are kept for as long as `isNeeded` says so, however long the journal becomes. */
  keepNotes(isNeeded: (about: string) => boolean): void {
    this.#journal.keepNotes(isNeeded);
  }

  /** What processes before this one, and then this one, have noted about a thing, oldest first. */
  notesAbout(about: string): readonly unknown[] {
    return [...(this.#notes.get(about) ?? []), ...this.#journal.notesAbout(about)];
  }

  /** The things that they have noted anything about. */
  noted(): string[] {
    return [...new Set([...this.#notes.keys(), ...this.#journal.noted()])];
  }

  /** Waits until everything told is acknowledged. */
  async flush(): Promise<void> {
    if (this.#queue.length > 0) await new Promise<void>((resolve) => this.#whenFlushed.push(resolve));
  }

  /** Stops telling; what is not acknowledged stays in the journal for the next process. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#tidying.cancel();
    this.#settling?.cancel();
    this.#stopping.abort();
    this.#goOn?.();
    await this.#adopting;
    await this.#pumping;
    for (const adopted of this.#adopted) adopted.release();
    this.#journal.close();
  }

  get #isClosing(): boolean {
    return this.#stopping.signal.aborted;
  }

  #enqueue(fact: Omit<JournalLine, 'n'>, span: Span | undefined): void {
    const traced = span === undefined ? {} : { span };
    let pending: Pending = { ...fact, ...traced };
    try {
      pending = { ...this.#journal.append(fact), ...traced };
      this.#journalFailed = false;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#journalFailed = true;
      this.#deps.log.error('journal.failed', { err: error });
    }
    this.#queue.push(pending);
    this.#pump();
  }

  #adopt(): Promise<void> {
    return (this.#adopting ??= this.#claim().finally(() => (this.#adopting = undefined)));
  }

  async #claim(): Promise<void> {
    try {
      for (const adopted of await claimAbandoned(this.#deps.directory, this.#deps.clock.epochMs())) {
        this.#adopted.push(adopted);
        this.#keepNotesOf(adopted);
        const last = adopted.lines.length - 1;
        this.#deps.log.info('journal.adopted', { facts: adopted.lines.length });
        if (last === -1) adopted.finish();
        adopted.lines.forEach(({ subject, id, payload, once = false, traceparent }, index) => {
          this.#queue.push({ subject, id, payload, once, traceparent, ...(index === last ? { adopted } : {}) });
        });
      }
    } catch (error) {
      this.#deps.log.error('journal.adopt-failed', { err: error });
    }
    this.#pump();
  }

  #keepNotesOf({ notes, forget }: Abandoned): void {
    for (const [about, left] of notes) this.#notes.set(about, [...(this.#notes.get(about) ?? []), ...left]);
    this.#deps.clock.after(NOTES_KEPT_MS, () => {
      for (const about of notes.keys()) this.#notes.delete(about);
      forget();
    });
  }

  #pump(): void {
    if (this.#pumping !== undefined || !this.#canTell()) return;
    this.#pumping = this.#run().finally(() => {
      this.#pumping = undefined;
      this.#pump();
    });
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#canTell();) {
      if (!this.#isLate) await this.#departure();
      if (!this.#canTell()) break;
      const batch = nextBatch(this.#queue);
      this.#isLate = batch.length < this.#queue.length;
      const results = await Promise.allSettled(batch.map((fact) => this.#publish(fact)));
      const failed = results.findIndex(({ status }) => status === 'rejected');
      this.#settle(failed === -1 ? batch.length : failed);
      failures = failed === -1 ? 0 : failures + 1;
      const failure = results[failed];
      if (failure?.status === 'rejected') await this.#afterFailure(failures, failure.reason);
    }
    if (this.#queue.length === 0) for (const resolve of this.#whenFlushed.splice(0)) resolve();
  }

  async #departure(): Promise<void> {
    const leaving = this.#deps.departures.next();
    if (leaving === undefined) return;
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
      void leaving.then(resolve);
    });
  }

  #canTell(): boolean {
    return this.#queue.length > 0 && !this.#isClosing && this.#deps.isConnected();
  }

  async #publish({ subject, id, payload, once, traceparent }: Pending): Promise<void> {
    const options = { msgID: id, headers: tracedHeaders(traceparent) };
    if (once !== true) {
      await this.#deps.js.publish(subject, encodeText(payload), options);
      return;
    }
    try {
      await this.#deps.js.publish(subject, encodeText(payload), { ...options, expect: { lastSubjectSequence: 0 } });
    } catch (error) {
      // Somebody has told this end already, which is all we want.
      if (classifyNatsFailure(error) !== 'conflict') throw error;
    }
  }

  /** The first `count` facts of the queue are through. */
  #settle(count: number): void {
    let own: number | undefined;
    for (const { n, adopted, span } of this.#queue.splice(0, count)) {
      own = n ?? own;
      adopted?.finish();
      span?.end();
    }
    if (own === undefined) return;
    this.#journal.acknowledge(own);
    this.#settling ??= this.#deps.clock.after(SETTLE_MS, () => {
      this.#settling = undefined;
      this.#journal.settle();
    });
  }

  async #afterFailure(failures: number, reason: unknown): Promise<void> {
    if (classifyNatsFailure(reason) === 'refused') {
      // It would fail for ever and hold up all others.
      this.#deps.log.error('fact.dropped', { subject: this.#queue[0]?.subject, err: reason });
      this.#settle(1);
      return;
    }
    this.#deps.log.warn('publish.failed', { pending: this.#queue.length, err: reason });
    try {
      await sleep(this.#deps.clock, expBackoff(failures, 100, 2_000), this.#stopping.signal);
    } catch (error) {
      ignore(this.#deps.log, error, 'the publisher closes');
    }
  }
}

function publishing(pattern: string, id: string): Span {
  return startSpan(`publish ${shortName(pattern)}`, {
    kind: SpanKind.PRODUCER,
    attributes: {
      'messaging.system': 'nats',
      'messaging.operation.type': 'send',
      'messaging.destination.template': pattern,
      'messaging.message.id': id,
    },
  });
}

/**
 * The facts to publish at the same time: the head of the queue up to the second fact about the same thing, which must
 * not overtake the first when that one has to be repeated.
 */
function nextBatch(queue: readonly Pending[]): Pending[] {
  const about = new Set<string>();
  const batch: Pending[] = [];
  for (const fact of queue) {
    const thing = fact.subject.slice(0, fact.subject.lastIndexOf('.'));
    if (batch.length === BATCH || about.has(thing)) break;
    about.add(thing);
    batch.push(fact);
  }
  return batch;
}

export interface PublisherDeps {
  readonly js: Pick<JetStream, 'publish'>;
  readonly isConnected: () => boolean;
  readonly onReconnect: (action: () => void) => void;
  readonly clock: Clock;
  /** When facts leave. */
  readonly departures: Pick<Departures, 'next'>;
  readonly log: Logger;
  /** Where journals are kept (`CALLWEAVE_STATE_DIR`). */
  readonly directory: string;
  readonly instance: string;
  /** CloudEvents `source`. */
  readonly source: string;
}
