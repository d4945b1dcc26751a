import { type Clock } from '@callweave/clock';
import { type TlsOptions } from '@callweave/sip-engine';
import { type Logger } from '@callweave/telemetry';
import { expiryOf, readTlsFiles, type TlsFiles, TlsFilesError } from './tls-files.ts';

export interface CertificateDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The certificate in use, read from its files whenever they may have changed. */
export class Certificate {
  readonly #files: TlsFiles;
  readonly #deps: CertificateDeps;

  constructor(files: TlsFiles, deps: CertificateDeps) {
    this.#files = files;
    this.#deps = deps;
  }

  /** Reads the files. Throws `TlsFilesError`. An expired certificate is used: peers that do not look at it go on. */
  read(): TlsOptions {
    const tls = readTlsFiles(this.#files);
    const expiresAt = expiryOf(tls);
    const { clock, log } = this.#deps;
    if (expiresAt.getTime() <= clock.epochMs()) log.error('certificate.expired', { expiresAt });
    else log.info('certificate.in-use', { expiresAt });
    return tls;
  }

  /** Reads them again for `use`; when they cannot be used, everything stays as it is, and the log says so. */
  renew(use: (tls: TlsOptions) => void): void {
    try {
      use(this.read());
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      this.#deps.log.error('certificate.not-renewed', { problems: error.problems });
    }
  }
}
