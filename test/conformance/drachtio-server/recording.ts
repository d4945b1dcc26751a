import { readFileSync } from 'node:fs';
import { type ContactOption } from '@callweave/sip-engine';

/** One line of a recording. */
export interface Entry {
  /** Seconds since the start. */
  readonly t: number;
  readonly dir: 'app>server' | 'server>app' | 'sip-in' | 'sip-out' | 'note';
  readonly data: string;
  /** Which connection of an application. */
  readonly conn?: string;
  /** Which peer, as `address:port`. */
  readonly peer?: string;
}

/** What drachtio-server, applications and peers said to each other, in order. */
export function readRecording(name: string): readonly Entry[] {
  const text = readFileSync(new URL(`transcripts/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}

/** Where the recorded server listened, as it told the first application; its own name for each address. */
export function contactsOf(entries: readonly Entry[]): readonly ContactOption[] {
  const told = entries
    .map(({ data }) => /\|OK\|((?:udp|tcp|tls|wss?)\/[^|]*)\|v[^|]*\|([^|]*)$/.exec(data))
    .find(Boolean);
  const [, shown = DEFAULT, local = DEFAULT] = told ?? [];
  const externals = shown.split(',').map(addressOf);
  return local.split(',').flatMap((contact, at) => {
    const [protocol] = contact.split('/');
    const known = protocols.find((one) => one === protocol);
    const [address, external] = [addressOf(contact), externals[at]];
    const externalIp = external === address ? undefined : external;
    return known === undefined
      ? []
      : [
          {
            address,
            port: Number(contact.split(':').at(-1)),
            protocols: [known],
            externalIp,
            scheme: known === 'tls' ? 'sips' : 'sip',
          },
        ];
  });
}

const DEFAULT = 'tcp/127.0.0.1:5060,udp/127.0.0.1:5060';

const protocols = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;

function addressOf(contact: string): string {
  return contact.slice(contact.indexOf('/') + 1, contact.lastIndexOf(':'));
}
