import { randomFillSync, randomUUID } from 'node:crypto';
import { MAGIC_COOKIE } from './via.ts';

/** Where identifiers come from; tests use a counting one. */
export interface IdSource {
  /** A branch for a Via, unique across space and time. RFC 3261 §8.1.1.7. */
  branch(): string;
  /** A tag with at least 32 bits of randomness. RFC 3261 §19.3. */
  tag(): string;
  callId(): string;
  uuid(): string;
  /** A first CSeq, far from the limit of 2**31. RFC 3261 §8.1.1.5. */
  cseq(): number;
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/** Identifiers from the operating system's randomness, fetched 4 kB at a time: a call costs one system call in 300. */
export function cryptoIds(): IdSource {
  const pool = Buffer.alloc(4_096);
  let at = pool.length;

  const text = (length: number): string => {
    if (at + length > pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    let out = '';
    for (const end = at + length; at < end; at++) out += ALPHABET.charAt((pool[at] ?? 0) & 31);
    return out;
  };

  return {
    branch: () => MAGIC_COOKIE + text(20),
    tag: () => text(13),
    callId: () => randomUUID(),
    uuid: () => randomUUID(),
    cseq: () => 1 + parseInt(text(4), 32),
  };
}
