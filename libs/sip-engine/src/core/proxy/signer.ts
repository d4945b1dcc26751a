import { createHmac } from 'node:crypto';

/** Characters of a signature: 96 bits. */
const SIGNATURE_LENGTH = 16;

/** How many signatures are remembered, of texts no longer than usual: at most 2 MB, whatever strangers send. */
const MAX_KNOWN = 4_096;
const MAX_KNOWN_LENGTH = 400;

/**
 * Signs what only an engine with the same key can have written. The same text is signed again within moments, for a
 * copy, an ACK, a response: it is hashed once.
 */
export class Signer {
  readonly #key: Buffer;
  readonly #known = new Map<string, string>();

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** A token of SIP. */
  sign(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const digest = createHmac('sha256', this.#key).update(text).digest('base64url');
    const signature = digest.slice(0, SIGNATURE_LENGTH).replaceAll('_', '.');
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    if (text.length <= MAX_KNOWN_LENGTH) this.#known.set(text, signature);
    return signature;
  }
}
