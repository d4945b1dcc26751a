import { randomBytes } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A fresh instance id: 80 random bits as 16 characters of lower-case base32. Nothing has to be configured. */
export function createInstanceId(random: (size: number) => Uint8Array = randomBytes): string {
  return Array.from(random(16), (byte) => ALPHABET.charAt(byte & 31)).join('');
}
