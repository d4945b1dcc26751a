import { type Happening } from '../api.ts';

/** The streams whose events are shown. */
export type Source = 'calls' | 'registrations';

/** A place in both streams at once. */
export type Cursor = Readonly<Record<Source, number>>;

/** One event, ready to be sent to any number of readers. */
export interface LoggedEvent {
  readonly source: Source;
  readonly position: number;
  readonly tenant: string;
  /** The place after it, in both streams. */
  readonly cursor: Cursor;
  readonly happening: Happening;
  /** `happening` as JSON. */
  readonly json: string;
}

/** What a reader is told. */
export interface EventReader {
  readonly onEvent: (event: LoggedEvent) => void;
  /** Events were lost: what was learnt from events is learnt anew. */
  readonly onReset: () => void;
}

/** Events kept for readers that come back. */
const MAX_EVENTS = 5_000;
/** A reader that missed more than this is better served with fresh pages. */
const MAX_REPLAY = 1_000;

/** The latest events of both streams, in the order in which we read them; places in it are good at every replica. */
export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #readers = new Set<EventReader>();
  #at: Cursor = { calls: 0, registrations: 0 };
  /** The places before the oldest events that are still kept. */
  #floor: Cursor = { calls: 0, registrations: 0 };

  get cursor(): Cursor {
    return this.#at;
  }

  /** The stream is read anew from this place. */
  restart(source: Source, position: number): void {
    this.#at = { ...this.#at, [source]: position };
    this.#floor = { ...this.#floor, [source]: position };
    const kept = this.#events.filter((event) => event.source !== source);
    this.#events.splice(0, Infinity, ...kept);
    for (const reader of this.#readers) reader.onReset();
  }

  add(source: Source, position: number, tenant: string, happening: Happening): void {
    this.#at = { ...this.#at, [source]: position };
    const event = { source, position, tenant, cursor: this.#at, happening, json: JSON.stringify(happening) };
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS) {
      const gone = this.#events.shift();
      if (gone !== undefined) this.#floor = { ...this.#floor, [gone.source]: gone.position };
    }
    for (const reader of this.#readers) reader.onEvent(event);
  }

  /** The last `limit` events, oldest first. */
  recent(limit: number, tenant?: string): LoggedEvent[] {
    const found: LoggedEvent[] = [];
    for (let i = this.#events.length - 1; i >= 0 && found.length < limit; i--) {
      const event = this.#events[i];
      if (event !== undefined && (tenant === undefined || event.tenant === tenant)) found.push(event);
    }
    return found.reverse();
  }

  /** Every event after `cursor`, or undefined when some of them are not kept any more, or were never ours. */
  since(cursor: Cursor): LoggedEvent[] | undefined {
    for (const source of ['calls', 'registrations'] as const) {
      if (cursor[source] < this.#floor[source] || cursor[source] > this.#at[source]) return undefined;
    }
    const missed = this.#events.filter(({ source, position }) => position > cursor[source]);
    return missed.length > MAX_REPLAY ? undefined : missed;
  }

  /** Tells `reader` of everything from now on; the returned function ends that. */
  subscribe(reader: EventReader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }
}

/** A cursor as text: an SSE event id. */
export function formatCursor({ calls, registrations }: Cursor): string {
  return `${String(calls)}.${String(registrations)}`;
}

/** Reads what `formatCursor` wrote; undefined when it did not. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})$/.exec(text);
  return match === null ? undefined : { calls: Number(match[1]), registrations: Number(match[2]) };
}
