/** Cuts what our own SIP engine sends into frames `LENGTH#PAYLOAD`, LENGTH in bytes. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The payloads that are complete with `chunk`. */
  push(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const payloads: Buffer[] = [];
    for (;;) {
      const hash = this.#rest.indexOf('#');
      const end = hash + 1 + Number(this.#rest.toString('latin1', 0, Math.max(0, hash)));
      if (hash < 0 || this.#rest.length < end) return payloads;
      payloads.push(this.#rest.subarray(hash + 1, end));
      this.#rest = this.#rest.subarray(end);
    }
  }
}
