import { isIP } from 'node:net';
import { hostPort, networkList, type PlatformFile } from '@callweave/service';
import { formatHostPort, unbracket } from '@callweave/sip';
import { z } from 'zod';

/** What SIP may travel on where we listen, and whether that is inside TLS. */
const transports = { udp: false, tcp: false, ws: false, tls: true, wss: true } as const;
export type Transport = keyof typeof transports;

/** One more address that the SIP engines listen at, and what the peers that come to it are told. */
export interface SipListener {
  readonly transports: readonly Transport[];
  /** An address of this machine. */
  readonly address: string;
  /** Of the first engine; 0: any free one. */
  readonly port: number;
  /** What peers are told instead, behind a NAT. */
  readonly advertised: string | undefined;
  /** Networks whose peers are told the address itself; without `advertised` nobody else is for it. */
  readonly networks: readonly string[];
}

const FORM = 'expected listeners such as tls://192.0.2.1:5061?advertised=203.0.113.7&networks=10.0.0.0/8';

/** Reads listeners that blanks separate: `udp+tcp://[2001:db8::1]:5060 wss://192.0.2.1:443?advertised=203.0.113.7`. */
export const listenerList = z.string().transform((text, { issues }): SipListener[] => {
  const wrong = (message: string, input: string): void => void issues.push({ code: 'custom', message, input });
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => readListener(word, (reason) => wrong(`${word}: ${reason}`, word)) ?? []);
});

/** Whether peers are shown a certificate there. */
export function isSecure({ transports: [first] }: Pick<SipListener, 'transports'>): boolean {
  return first !== undefined && transports[first];
}

/** What a SIP engine is told of one. */
export function listenerFlags({ transports: list, address, port, advertised, networks }: SipListener): string[] {
  const scheme = isSecure({ transports: list }) ? 'sips' : 'sip';
  return [
    ...['--contact', `${scheme}:${formatHostPort(address, port)};transport=${list.join(',')}`],
    ...(advertised === undefined ? [] : ['--external-ip', advertised]),
    ...(networks.length === 0 ? [] : ['--local-net', networks.join(',')]),
  ];
}

/** The same for people and for who asks where the platform is. */
export function shownListener(listener: SipListener): PlatformFile['listeners'][number] {
  const { transports: list, address, port, advertised = address, networks } = listener;
  return { transports: [...list], listen: formatHostPort(address, port), advertised, networks: [...networks] };
}

function readListener(word: string, wrong: (reason: string) => void): SipListener | undefined {
  const [, scheme = '', where = '', query = ''] = /^([a-z+]+):\/\/([^/?]+)(?:\?(.*))?$/.exec(word) ?? [];
  const colon = where.lastIndexOf(':');
  const address = unbracket(where.slice(0, colon));
  if (!hostPort.safeParse(where).success || isIP(address) === 0) {
    wrong(FORM);
    return undefined;
  }
  const list = scheme.split('+').filter((name): name is Transport => Object.hasOwn(transports, name));
  const kinds = new Set(list.map((name) => transports[name]));
  if (list.length !== scheme.split('+').length) wrong(`a transport is one of ${Object.keys(transports).join(', ')}`);
  else if (kinds.size > 1) wrong('what is inside TLS and what is not need a listener each');
  if (address === '0.0.0.0' || address === '::') wrong(`phones cannot be told ${address}: name one address`);
  const said = new URLSearchParams(query);
  for (const name of said.keys())
    if (name !== 'advertised' && name !== 'networks') wrong(`${name} is neither advertised nor networks`);
  const advertised = said.get('advertised') ?? undefined;
  if (advertised !== undefined && isIP(unbracket(advertised)) === 0) wrong(`${advertised} is no IP address`);
  const networks = networkList.safeParse(said.get('networks') ?? '0.0.0.0/0');
  if (!networks.success) wrong('expected networks such as 10.0.0.0/8');
  return {
    ...{ transports: list, address, port: Number(where.slice(colon + 1)) },
    advertised: advertised === undefined ? undefined : unbracket(advertised),
    networks: said.has('networks') ? (networks.data ?? []) : [],
  };
}
