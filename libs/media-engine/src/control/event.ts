/** One event of the event socket: what happened, as headers in order. */
export interface EslEvent {
  readonly name: string;
  /** Only of `CUSTOM` events, for example `conference::maintenance`. */
  readonly subclass?: string | undefined;
  readonly headers: EventHeaders;
  readonly body?: string | undefined;
}

/** Header values by name, in order; all of them text. */
export type EventHeaders = ReadonlyMap<string, string>;

/** Who wants to be told of events. */
export interface EventListener {
  onEvent(event: EslEvent): void;
}

/** Passes every event on to everyone. */
export class EventHub {
  readonly #listeners = new Set<EventListener>();

  add(listener: EventListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: EventListener): void {
    this.#listeners.delete(listener);
  }

  publish(event: EslEvent): void {
    for (const listener of this.#listeners) listener.onEvent(event);
  }
}
