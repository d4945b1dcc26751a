import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  decodeNonce,
  InstanceId,
  NONCE_BYTES,
  NONCE_ISSUER_AT,
  NONCE_MAC_AT,
  NONCE_RANDOM_AT,
  NONCE_TIME_AT,
  NONCE_VERSION,
} from '@callweave/contracts';

const TIME_BYTES = NONCE_RANDOM_AT - NONCE_TIME_AT;
const MAC_BYTES = NONCE_BYTES - NONCE_MAC_AT;

/** What a nonce says when its signature is right. */
export type CheckedNonce =
  { readonly kind: 'ours'; readonly issuer: InstanceId; readonly issuedAtMs: number } | { readonly kind: 'foreign' };

/** A nonce any replica can check and only its issuer has to remember (S106, U15). Layout: `contracts/nonce.ts`. */
export function issueNonce(issuer: InstanceId, nowMs: number, key: Uint8Array): string {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes[0] = NONCE_VERSION;
  bytes.write(issuer, NONCE_ISSUER_AT, 'latin1');
  bytes.writeUIntBE(nowMs, NONCE_TIME_AT, TIME_BYTES);
  randomBytes(NONCE_MAC_AT - NONCE_RANDOM_AT).copy(bytes, NONCE_RANDOM_AT);
  mac(bytes, key).copy(bytes, NONCE_MAC_AT);
  return bytes.toString('base64url');
}

/** Checks the signature of `nonce` against every key of the ring. */
export function checkNonce(nonce: string, keys: readonly Uint8Array[]): CheckedNonce {
  const bytes = decodeNonce(nonce);
  if (bytes === undefined) return { kind: 'foreign' };
  const given = bytes.subarray(NONCE_MAC_AT);
  if (!keys.some((key) => timingSafeEqual(mac(bytes, key), given))) return { kind: 'foreign' };
  return {
    kind: 'ours',
    issuer: InstanceId.parse(bytes.toString('latin1', NONCE_ISSUER_AT, NONCE_TIME_AT)),
    issuedAtMs: bytes.readUIntBE(NONCE_TIME_AT, TIME_BYTES),
  };
}

function mac(bytes: Buffer, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes.subarray(0, NONCE_MAC_AT)).digest().subarray(0, MAC_BYTES);
}
