import { InstanceId } from './primitives.ts';

/*
 * A digest nonce, base64url of
 *
 *   0        1                 17        23          31        47
 *   +--------+-----------------+---------+-----------+---------+
 *   | ver=1  | issuer (ASCII)  | time    | random    | HMAC    |
 *   +--------+-----------------+---------+-----------+---------+
 *
 * time: ms since the epoch, 48 bits, big-endian. HMAC: first 128 bits of HMAC-SHA-256 over all before it.
 */
export const NONCE_VERSION = 1;
export const NONCE_ISSUER_AT = 1;
export const NONCE_TIME_AT = 17;
export const NONCE_RANDOM_AT = 23;
export const NONCE_MAC_AT = 31;
export const NONCE_BYTES = 47;

const BASE64URL = /^[A-Za-z0-9_-]{63}$/;

/** The bytes of a nonce, or undefined when it was never one of ours. Authenticity is the issuer's to check. */
export function decodeNonce(nonce: string): Buffer | undefined {
  if (!BASE64URL.test(nonce)) return undefined;
  const bytes = Buffer.from(nonce, 'base64url');
  // Base64 leaves two spare bits at the end; only one spelling counts, or one nonce would pass for several.
  if (bytes.toString('base64url') !== nonce) return undefined;
  return bytes.length === NONCE_BYTES && bytes[0] === NONCE_VERSION ? bytes : undefined;
}

/** Which replica issued a nonce (challenge affinity, S106), or undefined for a foreign one. */
export function nonceIssuer(nonce: string): InstanceId | undefined {
  const bytes = decodeNonce(nonce);
  if (bytes === undefined) return undefined;
  return InstanceId.safeParse(bytes.toString('latin1', NONCE_ISSUER_AT, NONCE_TIME_AT)).data;
}
