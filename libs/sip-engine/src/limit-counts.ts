/** Everything that is bounded because strangers can make it grow, or make it slow. */
export const limitNames = [
  // New requests refused with 503.
  'delay',
  'unanswered',
  'transactions',
  'dialogs',
  // What one peer can make of one request or one connection; ignored beyond it.
  'forks',
  'contacts',
  // Connections refused or closed.
  'connections',
  'connections-of-address',
  'apps',
  'unfinished-message',
  'unread',
  'buffered',
  // Messages that are no longer read.
  'message-size',
] as const;

/** What a request or a connection was refused over. */
export type LimitName = (typeof limitNames)[number];

/** How often each limit was reached. */
export class LimitCounts {
  readonly #counts = new Map<LimitName, number>(limitNames.map((name) => [name, 0]));

  reached(name: LimitName): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  of(name: LimitName): number {
    return this.#counts.get(name) ?? 0;
  }

  all(): ReadonlyMap<LimitName, number> {
    return this.#counts;
  }
}
