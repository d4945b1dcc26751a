import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, as PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for `name` that `signer` has signed, or nobody but itself; good for two days. Made by openssl. */
export function testCertificate(name: string, signer?: TestCertificate): TestCertificate {
  const directory = mkdtempSync(join(tmpdir(), 'callweave-tls-'));
  const file = (base: string, text?: string): string => {
    const path = join(directory, base);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
  try {
    const [cert, key] = [file('cert.pem'), file('key.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`];
    const names = signer === undefined ? [] : ['-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`];
    const made = ['-days', '2', '-out', cert];
    if (signer === undefined) openssl('req', '-x509', ...curve, ...made, '-keyout', key);
    else {
      const request = file('request.pem');
      openssl('req', ...curve, ...names, '-keyout', key, '-out', request);
      const [ca, caKey] = [file('ca.pem', signer.cert), file('ca-key.pem', signer.key)];
      const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-copy_extensions', 'copy'];
      openssl('x509', '-req', '-in', request, ...signing, ...made);
    }
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
