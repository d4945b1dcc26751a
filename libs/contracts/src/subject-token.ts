import { createHash } from 'node:crypto';

/** Longest escaped token; nats-server drops a connection that sends a subject of a few kB. */
export const MAX_TOKEN_BYTES = 96;
/** Longest subject as a whole. */
export const MAX_SUBJECT_BYTES = 512;

const PLAIN = /^[A-Za-z0-9_-]+$/;
const HASH_PREFIX = '==';
const HASH_HEX_CHARS = 40;

/**
 * `text` as one token of a subject or KV key: bytes outside `[A-Za-z0-9_-]` become `=XX`, so that two texts never
 * share a token. A token that would be longer than 96 bytes becomes `==` and a SHA-256 prefix (plain escaping never
 * yields `==`); the original then travels in the payload. The empty text is `==`.
 */
export function subjectToken(text: string): string {
  if (text.length <= MAX_TOKEN_BYTES && PLAIN.test(text)) return text;
  if (text === '') return HASH_PREFIX;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_TOKEN_BYTES) {
    const escaped = escapeBytes(bytes);
    if (escaped.length <= MAX_TOKEN_BYTES) return escaped;
  }
  return HASH_PREFIX + createHash('sha256').update(bytes).digest('hex').slice(0, HASH_HEX_CHARS);
}

function escapeBytes(bytes: Buffer): string {
  let out = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    out += PLAIN.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
