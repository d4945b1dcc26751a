import { type CallId, LegId } from '@callweave/contracts';
import { randomByte } from '../random-byte.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const CALL_LENGTH = 26;
const OWN_LENGTH = 10;

/**
 * A fresh leg id, which is also our tag in the dialog: unguessable, so that nobody ends a call he does not see. It names
 * the call it is made for, so that whoever has the tag can look the call up.
 */
export function createLegId(callId?: CallId): LegId {
  return LegId.parse(`${callId?.toLowerCase() ?? random(CALL_LENGTH)}${random(OWN_LENGTH)}`);
}

function random(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += ALPHABET.charAt(randomByte() & 31);
  return text;
}
