/** Hands out even ports of a range; the one freed longest ago comes first, so that a late packet finds nobody. */
export class PortPool {
  readonly #free: number[] = [];
  readonly #any: boolean;
  #taken = 0;

  constructor({ minPort, maxPort }: { readonly minPort: number; readonly maxPort: number }) {
    this.#any = minPort === 0;
    for (let port = minPort + (minPort % 2); port <= maxPort && !this.#any; port += 2) this.#free.push(port);
  }

  /** Ports in use. */
  get taken(): number {
    return this.#taken;
  }

  /** How many more can be tried now. */
  get available(): number {
    return this.#any ? 1 : this.#free.length;
  }

  /** A port to bind, 0 when any will do; undefined when there is none left. */
  take(): number | undefined {
    const port = this.#any ? 0 : this.#free.shift();
    if (port !== undefined) this.#taken++;
    return port;
  }

  /** Gives back what `take` returned. */
  give(port: number): void {
    this.#taken--;
    if (!this.#any) this.#free.push(port);
  }
}
