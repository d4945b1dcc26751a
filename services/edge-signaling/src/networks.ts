import { BlockList, isIP, isIPv6 } from 'node:net';
import { type MediaFamily } from '@callweave/contracts';
import { parseUri, SipSyntaxError, unbracket } from '@callweave/sip';
import { type Place } from './call/place.ts';
import { type Target } from './call/targets.ts';
import { type Leg } from './leg/leg.ts';

/** Where peers are: their address decides which of ours their media gets. */
export class Networks {
  readonly #private: BlockList | undefined;

  /** `cidrs` are the networks of the private side; undefined where there is none. */
  constructor(cidrs: readonly string[] | undefined) {
    if (cidrs !== undefined) this.#private = blockListOf(cidrs);
  }

  /** Of who sent from `source`, `ip:port`. */
  ofSource(source: string): Place {
    return this.#of(hostOfSource(source));
  }

  /** Of who is to be called. */
  ofTarget({ uri, nextHop, isInternal }: Pick<Target, 'uri' | 'nextHop' | 'isInternal'>): Place {
    const place = this.#of(hostOf(nextHop ?? uri));
    return isInternal && place.side !== undefined ? { ...place, side: 'private' } : place;
  }

  /** Of the peer of a dialog. */
  ofLeg({ dialog: { remoteTarget, nextHop } }: Pick<Leg, 'dialog'>): Place {
    return this.ofTarget({ uri: remoteTarget, nextHop, isInternal: false });
  }

  #of(host: string): Place {
    const address = unbracket(host);
    const family = familyOf(address);
    if (this.#private === undefined) return { side: undefined, family };
    return { side: this.#private.check(address, family ?? 'ipv4') ? 'private' : 'public', family };
  }
}

/** What tells whether an address is in one of `cidrs`. */
export function blockListOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', prefix = ''] = cidr.split('/');
    list.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** The address of who sent from `source`, `ip:port`, without brackets. */
export function addressOfSource(source: string): string {
  return unbracket(hostOfSource(source));
}

function hostOfSource(source: string): string {
  return source.slice(0, source.lastIndexOf(':'));
}

function familyOf(address: string): MediaFamily | undefined {
  const version = isIP(address);
  return version === 0 ? undefined : `ipv${version === 6 ? 6 : 4}`;
}

/** A name is nobody's address: whoever has one is outside. */
function hostOf(uri: string): string {
  try {
    const parsed = parseUri(uri);
    return parsed.kind === 'sip' ? parsed.host : '';
  } catch (error) {
    if (error instanceof SipSyntaxError) return '';
    throw error;
  }
}
