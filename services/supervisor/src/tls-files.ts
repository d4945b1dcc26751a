import { readFileSync } from 'node:fs';
import { secureContext } from '@callweave/sip-engine';
import { type Config } from './config.ts';
import { isSecure } from './listeners.ts';

/** The files for TLS, by the settings that name them, and the flag by which an engine is told of each. */
const flags = {
  CALLWEAVE_TLS_CERT_FILE: '--cert-file',
  CALLWEAVE_TLS_KEY_FILE: '--key-file',
  CALLWEAVE_TLS_CHAIN_FILE: '--chain-file',
  CALLWEAVE_TLS_PEER_CA_FILE: '--tls-peer-ca',
} as const;
type FileSetting = keyof typeof flags;

const filesOf = ({
  tlsCertFile,
  tlsKeyFile,
  tlsChainFile,
  tlsPeerCaFile,
}: Config): Record<FileSetting, string | undefined> => ({
  CALLWEAVE_TLS_CERT_FILE: tlsCertFile,
  CALLWEAVE_TLS_KEY_FILE: tlsKeyFile,
  CALLWEAVE_TLS_CHAIN_FILE: tlsChainFile,
  CALLWEAVE_TLS_PEER_CA_FILE: tlsPeerCaFile,
});

/** What a SIP engine is told of them. */
export function tlsFlags(config: Config): string[] {
  return entriesOf(filesOf(config)).flatMap(([setting, path]) => (path === undefined ? [] : [flags[setting], path]));
}

/** Why the listeners inside TLS cannot be served; empty when they can, or when there are none. */
export function tlsProblems(config: Config): string[] {
  const files = filesOf(config);
  const given = entriesOf(files).filter(([, path]) => path !== undefined);
  if (!config.sipListeners.some(isSecure)) {
    return given.map(([setting]) => `${setting}: nothing is listened for inside TLS; see CALLWEAVE_SIP_LISTENERS`);
  }
  const problems: string[] = [];
  const read = (setting: FileSetting): string => {
    const path = files[setting];
    if (path === undefined) return '';
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`${setting}: ${reasonOf(error)}`);
      return '';
    }
  };
  for (const setting of ['CALLWEAVE_TLS_CERT_FILE', 'CALLWEAVE_TLS_KEY_FILE'] as const)
    if (files[setting] === undefined) problems.push(`${setting}: required for tls and wss in CALLWEAVE_SIP_LISTENERS`);
  const cert = `${read('CALLWEAVE_TLS_CERT_FILE')}\n${read('CALLWEAVE_TLS_CHAIN_FILE')}`;
  const [key, peerCa] = [read('CALLWEAVE_TLS_KEY_FILE'), read('CALLWEAVE_TLS_PEER_CA_FILE')];
  if (problems.length > 0) return problems;
  try {
    secureContext({ cert, key, ...(files.CALLWEAVE_TLS_PEER_CA_FILE !== undefined && { peerCa }) });
    return [];
  } catch (error) {
    return [`CALLWEAVE_TLS_CERT_FILE: certificate and key cannot be used (${reasonOf(error)})`];
  }
}

function entriesOf(
  files: Readonly<Record<FileSetting, string | undefined>>,
): (readonly [FileSetting, string | undefined])[] {
  return (Object.keys(flags) as FileSetting[]).map((setting) => [setting, files[setting]]);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
