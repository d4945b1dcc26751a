/** Something that is being said by way of an engine. */
export interface Saying {
  /** It has left. */
  readonly said: () => void;
  /** It has not. */
  readonly unsaid: () => void;
}

interface Open {
  /** What it was given to. */
  readonly engine: unknown;
  readonly sayAgain: () => void;
}

/** What was given to engines and may not have left them: of one that dies, the next says it. */
export class Unsaid {
  readonly #open = new Set<Open>();
  /** That of the present connection. */
  #present: { readonly engine: unknown } | undefined;

  /** There is an engine; which one, if it tells. */
  entered(engine: unknown): void {
    this.#present = { engine };
    for (const one of [...this.#open]) this.#settle(one);
  }

  /** There is none. */
  left(): void {
    this.#present = undefined;
  }

  /** Notes that something is given to `engine`; `sayAgain` is called if another has come before it has left. */
  begin(engine: unknown, sayAgain: () => void): Saying {
    const one = { engine, sayAgain };
    this.#open.add(one);
    return { said: () => void this.#open.delete(one), unsaid: () => this.#settle(one) };
  }

  #settle(one: Open): void {
    if (this.#present === undefined || !this.#open.delete(one)) return;
    // A live engine has its reason not to say it, and ends by itself what an application leaves behind.
    if (this.#present.engine !== one.engine) one.sayAgain();
  }
}
