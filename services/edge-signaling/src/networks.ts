import { BlockList, isIPv6 } from 'node:net';
import { type MediaNetwork } from '@callweave/contracts';
import { parseUri, SipSyntaxError, unbracket } from '@callweave/sip';
import { type Target } from './call/targets.ts';
import { type Leg } from './leg/leg.ts';

/** Which side of the platform peers are on: their address decides which of ours their media gets. */
export class Networks {
  readonly #private: BlockList | undefined;

  /** `cidrs` are the networks of the private side; undefined where there is none. */
  constructor(cidrs: readonly string[] | undefined) {
    if (cidrs === undefined) return;
    this.#private = new BlockList();
    for (const cidr of cidrs) {
      const [address = '', prefix = ''] = cidr.split('/');
      this.#private.addSubnet(address, Number(prefix), isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  /** Of who sent from `source`, `ip:port`; undefined where the platform has one address for all. */
  ofSource(source: string): MediaNetwork | undefined {
    return this.#private === undefined ? undefined : this.#of(source.slice(0, source.lastIndexOf(':')), this.#private);
  }

  /** Of who is to be called. */
  ofTarget({ uri, nextHop, isInternal }: Pick<Target, 'uri' | 'nextHop' | 'isInternal'>): MediaNetwork | undefined {
    if (this.#private === undefined) return undefined;
    return isInternal ? 'private' : this.#of(hostOf(nextHop ?? uri), this.#private);
  }

  /** Of the peer of a dialog. */
  ofLeg({ dialog: { remoteTarget, nextHop } }: Pick<Leg, 'dialog'>): MediaNetwork | undefined {
    return this.ofTarget({ uri: remoteTarget, nextHop, isInternal: false });
  }

  #of(host: string, own: BlockList): MediaNetwork {
    const address = unbracket(host);
    return own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') ? 'private' : 'public';
  }
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
