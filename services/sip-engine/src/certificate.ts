import { type Clock, type Timer } from '@callweave/clock';
import { type TlsOptions } from '@callweave/sip-engine';
import { type Logger } from '@callweave/telemetry';
import { expiryOf, printOf, readTlsFiles, type TlsFiles, TlsFilesError } from './tls-files.ts';

export interface CertificateDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * How often it is looked whether the files have changed. A Secret that is renewed in Kubernetes appears by a link that is
 * turned, of which watchers of a file hear nothing, and the kubelet takes a minute to turn it.
 */
const CHECK_MS = 10_000;

/** The certificate in use, read from its files whenever they may have changed. */
export class Certificate {
  readonly #files: TlsFiles;
  readonly #deps: CertificateDeps;
  /** Of what was read last, whether it could be used or not. */
  #print = '';

  constructor(files: TlsFiles, deps: CertificateDeps) {
    this.#files = files;
    this.#deps = deps;
  }

  /** Reads the files. Throws `TlsFilesError`. An expired certificate is used: peers that do not look at it go on. */
  read(): TlsOptions {
    this.#print = printOf(this.#files);
    const tls = readTlsFiles(this.#files);
    const expiresAt = expiryOf(tls);
    const { clock, log } = this.#deps;
    if (expiresAt.getTime() <= clock.epochMs()) log.error('certificate.expired', { expiresAt });
    else log.info('certificate.in-use', { expiresAt });
    return tls;
  }

  /** Has files that have changed used, from now on until the timer is cancelled. */
  watch(use: (tls: TlsOptions) => void): Timer {
    return this.#deps.clock.every(CHECK_MS, () => {
      if (printOf(this.#files) !== this.#print) this.renew(use);
    });
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
