import { randomBytes } from 'node:crypto';
import { LegId } from '@callweave/contracts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 26;

/** A fresh leg id, which is also our tag in the dialog: unguessable, so that nobody ends a call he does not see. */
export function createLegId(): LegId {
  return LegId.parse(Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31)).join(''));
}
