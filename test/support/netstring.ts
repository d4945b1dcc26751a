const COLON = 0x3a;

/** Netstrings (`length:payload,`), the framing of baresip's control connection. */
export class NetstringReader {
  #buffer = Buffer.alloc(0);

  /** Adds bytes and returns every payload that is complete now. */
  push(chunk: Buffer): string[] {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    const payloads: string[] = [];
    for (;;) {
      const colon = this.#buffer.indexOf(COLON);
      if (colon < 0) return payloads;
      const size = Number(this.#buffer.toString('latin1', 0, colon));
      const end = colon + 1 + size;
      if (this.#buffer.length <= end) return payloads;
      payloads.push(this.#buffer.toString('utf8', colon + 1, end));
      this.#buffer = this.#buffer.subarray(end + 1);
    }
  }
}

/** `payload` as a netstring. */
export function netstring(payload: string): string {
  return `${String(Buffer.byteLength(payload))}:${payload},`;
}
