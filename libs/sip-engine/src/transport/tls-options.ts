import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

/** What TLS is done with, for `tls` and `wss` alike; all files as PEM text. */
export interface TlsOptions {
  /** Our certificate, and behind it those between it and a root. */
  readonly cert: string;
  readonly key: string;
  /** Authorities that must have signed the certificate of every peer; without them no peer is asked for one. */
  readonly peerCa?: string | undefined;
  /** The lowest version; TLSv1.2 unless given. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** OpenSSL's list of ciphers; Node's own unless given. */
  readonly ciphers?: string | undefined;
  /** Diffie-Hellman parameters; OpenSSL's own unless given. */
  readonly dhParam?: string | undefined;
}

/** The same as Node.js wants it. */
export function secureOptions({ cert, key, peerCa, minVersion, ciphers, dhParam }: TlsOptions): SecureContextOptions {
  return {
    ...{ cert, key, minVersion: minVersion ?? 'TLSv1.2', dhparam: dhParam ?? 'auto' },
    ...(peerCa !== undefined && { ca: peerCa }),
    ...(ciphers !== undefined && { ciphers }),
  };
}

/** Reads everything; throws an error of OpenSSL or Node.js when something is no PEM or the key is not the certificate's. */
export function secureContext(tls: TlsOptions): SecureContext {
  return createSecureContext(secureOptions(tls));
}
