/** Chooses among those who take a verb, who are given in the order in which they are asked. */
export type Choice<T> = (inTurn: readonly T[]) => T | undefined;

/** Who takes a verb, and whose turn it is. */
export interface Turns<T> {
  readonly isEmpty: boolean;
  /** Somebody routes the verb. */
  add(one: T): void;
  remove(one: T): void;
  /** The next one that `choose` takes. */
  next(choose: Choice<T>): T | undefined;
}

/** Whoever was asked last comes last; who routes a verb many times counts once: drachtio-srf repeats its routes. */
export class StrictTurns<T> implements Turns<T> {
  readonly #order: T[] = [];

  get isEmpty(): boolean {
    return this.#order.length === 0;
  }

  add(one: T): void {
    if (!this.#order.includes(one)) this.#order.push(one);
  }

  remove(one: T): void {
    const at = this.#order.indexOf(one);
    if (at >= 0) this.#order.splice(at, 1);
  }

  next(choose: Choice<T>): T | undefined {
    const chosen = choose(this.#order);
    if (chosen !== undefined) this.#order.push(...this.#order.splice(this.#order.indexOf(chosen), 1));
    return chosen;
  }
}

/** The turns of drachtio-server: every route counts, the latest first, and a round goes on where the one before ended. */
export class TurnsByRoute<T> implements Turns<T> {
  #routes: readonly T[] = [];
  #at = 0;

  get isEmpty(): boolean {
    return this.#routes.length === 0;
  }

  add(one: T): void {
    this.#routes = [one, ...this.#routes];
  }

  remove(one: T): void {
    this.#routes = this.#routes.filter((other) => other !== one);
  }

  next(choose: Choice<T>): T | undefined {
    const start = this.#at < this.#routes.length ? this.#at : 0;
    this.#at = start + 1;
    return choose([...this.#routes.slice(start), ...this.#routes.slice(0, start)]);
  }
}
