import { CallId } from '@callweave/contracts';
import { ulid } from 'ulid';
import { randomByte } from '../random-byte.ts';

/** A fresh call id: when it was made, in ms, and 80 random bits. */
export function createCallId(): CallId {
  return CallId.parse(ulid(undefined, () => randomByte() / 256));
}
