import { CallId } from './primitives.ts';

/** How a media node shows its certificate to a browser. */
export type DtlsHash = (typeof hashes)[number];

const hashes = ['sha-256', 'sha-384', 'sha-512'] as const;

/**
 * By which hash the certificate is shown for the media of `mediaId`. A browser makes a new DTLS association only when
 * the fingerprint it is shown is another one than before (RFC 8842 §4), and the node has but one certificate: so the
 * first digit of an id, of a call's 0 as ids begin with the time, names the hash.
 */
export function dtlsHashOf(mediaId: string): DtlsHash {
  return hashes[Number(mediaId.charAt(0))] ?? 'sha-256';
}

/** The id made of `fresh` for media whose parties come from that of `first` and `second`, and keep nothing of it. */
export function mediaIdAfter(fresh: CallId, first: CallId, second: CallId = first): CallId {
  const used: readonly DtlsHash[] = [dtlsHashOf(first), dtlsHashOf(second)];
  const digit = hashes.findIndex((hash) => !used.includes(hash));
  return CallId.parse(`${String(digit)}${fresh.slice(1)}`);
}
