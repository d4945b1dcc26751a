import { type EslEvent } from './event.ts';

/** Which events one client wants: those it named, and of them those that pass a filter if it has any. */
export class Subscription {
  readonly #names = new Set<string>();
  readonly #subclasses = new Set<string>();
  #all = false;
  #filters: { readonly header: string; readonly value: string }[] = [];

  /** Adds what the words after `event json` name; false when they name nothing. */
  add(words: readonly string[]): boolean {
    let isCustom = false;
    let named = false;
    for (const word of words.filter((one) => one !== '')) {
      named = true;
      // Whatever follows CUSTOM is the name of a subclass.
      if (isCustom) this.#subclasses.add(word);
      else if (word === 'CUSTOM') isCustom = true;
      else if (word.toUpperCase() === 'ALL') this.#all = true;
      else this.#names.add(word.replace(/^SWITCH_EVENT_/, ''));
    }
    return named;
  }

  /** Takes back what the words name. */
  remove(words: readonly string[]): void {
    for (const word of words) {
      this.#names.delete(word.replace(/^SWITCH_EVENT_/, ''));
      this.#subclasses.delete(word);
    }
  }

  clear(): void {
    this.#all = false;
    this.#names.clear();
    this.#subclasses.clear();
  }

  addFilter(header: string, value: string): void {
    if (this.#filters.length < MAX_FILTERS) this.#filters.push({ header, value: value.toLowerCase() });
  }

  /** Without a value: all filters of that header. */
  removeFilter(header: string, value?: string): void {
    this.#filters = this.#filters.filter(
      (one) => one.header !== header || (value !== undefined && one.value !== value.toLowerCase()),
    );
  }

  wants(event: EslEvent): boolean {
    const { name, subclass, headers } = event;
    const isNamed = this.#all || (subclass === undefined ? this.#names.has(name) : this.#subclasses.has(subclass));
    if (!isNamed || this.#filters.length === 0) return isNamed;
    return this.#filters.some(({ header, value }) => headers.get(header)?.toLowerCase() === value);
  }
}

/** Filters of one client; each is compared with every event. */
const MAX_FILTERS = 1_000;
