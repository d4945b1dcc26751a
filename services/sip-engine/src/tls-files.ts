import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { secureContext, type TlsOptions } from '@callweave/sip-engine';

/** Where what TLS needs is kept, as PEM, and what is not kept in files. */
export interface TlsFiles extends Pick<TlsOptions, 'minVersion' | 'ciphers'> {
  readonly cert: string;
  readonly key: string;
  /** Certificates between ours and a root. */
  readonly chain?: string | undefined;
  readonly peerCa?: string | undefined;
  readonly dhParam?: string | undefined;
}

/** The files cannot be used; one problem for each. */
export class TlsFilesError extends Error {
  readonly code = 'ENGINE_TLS_FILES';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('; '), options);
    this.name = new.target.name;
    this.problems = problems;
  }
}

/** Reads the files and tries them. Throws `TlsFilesError`. */
export function readTlsFiles({ cert, key, chain, peerCa, dhParam, minVersion, ciphers }: TlsFiles): TlsOptions {
  const problems: string[] = [];
  const read = (what: string, path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`${what} cannot be read: ${reasonOf(error)}`);
      return '';
    }
  };
  const readIf = (what: string, path: string | undefined): string | undefined =>
    path === undefined ? undefined : read(what, path);
  const tls: TlsOptions = {
    cert: [read('certificate', cert), readIf('certificate chain', chain) ?? ''].join('\n'),
    key: read('key', key),
    peerCa: readIf('authority of peers', peerCa),
    dhParam: readIf('Diffie-Hellman parameters', dhParam),
    ...{ minVersion, ciphers },
  };
  if (problems.length > 0) throw new TlsFilesError(problems);
  try {
    secureContext(tls);
  } catch (error) {
    throw new TlsFilesError([`certificate ${cert} and key ${key} cannot be used: ${reasonOf(error)}`], {
      cause: error,
    });
  }
  return tls;
}

/** What tells whether anything in the files is other than it was; a file that is not there is also something. */
export function printOf({ cert, key, chain, peerCa, dhParam }: TlsFiles): string {
  const hash = createHash('sha256');
  for (const path of [cert, key, chain, peerCa, dhParam])
    hash.update(path === undefined ? '' : contentOf(path)).update('\0');
  return hash.digest('base64');
}

function contentOf(path: string): Buffer | string {
  try {
    return readFileSync(path);
  } catch (error) {
    return reasonOf(error);
  }
}

/** Until when a certificate is good. */
export function expiryOf({ cert }: TlsOptions): Date {
  return new Date(new X509Certificate(cert).validTo);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
