/** State × input → next state, then actions in order. An input a state does not name is ignored there. */
export type Table<S extends string, I extends string, A extends string> = {
  readonly [s in S]: { readonly [i in I]?: readonly [next: S, ...actions: A[]] };
};

/**
 * Runs a table: the one place where a state changes. Actions may feed further inputs; those wait their turn. Those that
 * are the same for every machine of their kind are told whose they are, so that a thousand calls need not have a
 * thousand of each.
 */
export class Machine<S extends string, I extends string, A extends string, D, O = undefined> {
  readonly #table: Table<S, I, A>;
  readonly #actions: Readonly<Record<A, (detail: D, owner: O) => void>>;
  readonly #owner: O;
  #running = false;
  /** Of what waits for an action to end; most of its life a machine has nothing to do. */
  #queue: { input: I; detail: D }[] | undefined;
  #state: S;

  constructor(
    table: Table<S, I, A>,
    initial: S,
    actions: Readonly<Record<A, (detail: D, owner: O) => void>>,
    owner?: NoInfer<O>,
  ) {
    this.#table = table;
    this.#state = initial;
    this.#actions = actions;
    // Left out where actions do not ask for one.
    this.#owner = owner as O;
  }

  get state(): S {
    return this.#state;
  }

  /** Whether `input` means anything in the present state. */
  accepts(input: I): boolean {
    return this.#table[this.#state][input] !== undefined;
  }

  feed(input: I, detail: D): void {
    const queue = (this.#queue ??= []);
    queue.push({ input, detail });
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) this.#step(next);
    } finally {
      this.#running = false;
      if (queue.length === 0) this.#queue = undefined;
    }
  }

  #step({ input, detail }: { input: I; detail: D }): void {
    const edge = this.#table[this.#state][input];
    if (edge === undefined) return;
    const [next, ...actions]: readonly [S, ...A[]] = edge;
    this.#state = next;
    for (const action of actions) this.#actions[action](detail, this.#owner);
  }
}
