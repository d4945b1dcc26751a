import { type ServerResponse } from 'node:http';
import { type Clock, type Timer } from '@callweave/clock';
import { counter, gauge } from '@callweave/telemetry';
import { type BusState, type CallCounts, type Instance } from '../api.ts';
import { Problem } from '../errors.ts';
import { type EventLog, formatCursor, type LoggedEvent, parseCursor } from '../live/event-log.ts';
import { eventReaders, readersDropped } from '../metrics.ts';

export interface EventStreamDeps {
  readonly log: EventLog;
  readonly counts: (tenant?: string) => CallCounts;
  readonly instances: () => readonly Instance[];
  readonly busState: () => BusState;
  readonly clock: Clock;
}

/** What one reader asks for. */
export interface ReaderRequest {
  readonly tenant: string | undefined;
  /** Where it was; undefined or unreadable: it starts now. */
  readonly after: string | undefined;
}

/** As many browsers as may watch one replica. */
const MAX_READERS = 500;
/** A reader with more than this unsent is dropped; it comes back and is told what it missed. */
const MAX_UNSENT_BYTES = 1_000_000;
const BEAT_MS = 1_000;
const BEATS_BETWEEN_CURSORS = 10;
/** How soon a browser comes back, ms. */
const RETRY_MS = 1_000;

/** Server-Sent Events (WHATWG HTML §9.2) to any number of readers, each from where it was. */
export class EventStreams {
  readonly #deps: EventStreamDeps;
  readonly #readers = new Set<Reader>();
  readonly #beat: Timer;
  readonly #dropped = counter(readersDropped);

  constructor(deps: EventStreamDeps) {
    this.#deps = deps;
    gauge(eventReaders, () => this.#readers.size);
    this.#beat = deps.clock.every(BEAT_MS, () => {
      for (const reader of this.#readers) reader.beat();
    });
  }

  /** Throws a `Problem` when there are too many readers already. */
  checkRoom(): void {
    if (this.#readers.size < MAX_READERS) return;
    throw new Problem('too-many-readers', 503, `${String(MAX_READERS)} are open`, { 'retry-after': '10' });
  }

  /** Serves one reader until it leaves, falls behind, or `stop` is called. */
  serve(response: ServerResponse, request: ReaderRequest): void {
    const reader = new Reader(response, request, this.#deps, () => this.#dropped.add(1));
    this.#readers.add(reader);
    response.once('close', () => {
      this.#readers.delete(reader);
      reader.stop();
    });
    reader.start();
  }

  /** Ends every stream; their readers come back to another replica. */
  stop(): void {
    this.#beat.cancel();
    for (const reader of this.#readers) reader.stop();
  }
}

class Reader {
  readonly #response: ServerResponse;
  readonly #request: ReaderRequest;
  readonly #deps: EventStreamDeps;
  readonly #dropped: () => void;
  readonly #sent = new Map<string, string>();
  #unsubscribe: () => void = () => undefined;
  #beats = 0;

  constructor(response: ServerResponse, request: ReaderRequest, deps: EventStreamDeps, dropped: () => void) {
    this.#response = response;
    this.#request = request;
    this.#deps = deps;
    this.#dropped = dropped;
  }

  start(): void {
    const { log } = this.#deps;
    this.#write(`retry: ${String(RETRY_MS)}\n\n`);
    const cursor = parseCursor(this.#request.after ?? '');
    const missed = cursor === undefined ? [] : log.since(cursor);
    if (missed === undefined) this.#reset();
    else for (const event of missed) this.#event(event);
    this.#unsubscribe = log.subscribe({ onEvent: (event) => this.#event(event), onReset: () => this.#reset() });
    this.#states();
    this.#cursor();
  }

  /** What is a state and not an event is told once a second at most, and only when it changed. */
  beat(): void {
    this.#states();
    this.#beats += 1;
    if (this.#beats % BEATS_BETWEEN_CURSORS === 0) this.#cursor();
  }

  stop(): void {
    this.#unsubscribe();
    this.#response.end();
  }

  #states(): void {
    const { counts, instances, busState } = this.#deps;
    this.#state('counts', counts(this.#request.tenant));
    this.#state('instances', instances());
    this.#state('bus', busState());
  }

  #state(name: string, value: unknown): void {
    const json = JSON.stringify(value);
    if (this.#sent.get(name) === json) return;
    this.#sent.set(name, json);
    this.#write(`event: ${name}\ndata: ${json}\n\n`);
  }

  #event({ tenant, cursor, happening, json }: LoggedEvent): void {
    if (this.#request.tenant !== undefined && tenant !== this.#request.tenant) return;
    this.#write(`id: ${formatCursor(cursor)}\nevent: ${happening.about}\ndata: ${json}\n\n`);
  }

  #reset(): void {
    this.#write('event: reset\ndata: {}\n\n');
    this.#cursor();
  }

  /** An id without data is remembered by the browser and disturbs nobody; it also shows that the line works. */
  #cursor(): void {
    this.#write(`id: ${formatCursor(this.#deps.log.cursor)}\n\n`);
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength <= MAX_UNSENT_BYTES) return;
    this.#dropped();
    this.#response.destroy();
  }
}
