import { type Clock } from '@callweave/clock';
import { SipError } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { type Listeners } from '../transport/listeners.ts';
import { type Flow, type Protocol } from '../transport/transport.ts';
import { Locator } from './locator.ts';
import { type Resolver } from './resolver.ts';
import { familyOf, type Hop, isAddress, type Target, targetOf } from './target.ts';
import { RestingHops, Ways } from './ways.ts';

const UNREACHABLE = 'requested protocol/transport not available';

export interface NextHopsDeps {
  readonly listeners: Listeners;
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The ways to where a URI points; looks up names. Rejects with `RefusedError`. RFC 3263 §4. */
export class NextHops {
  readonly #listeners: Listeners;
  readonly #locator: Locator;
  readonly #resting: RestingHops;
  readonly #random: () => number;

  constructor({ listeners, resolver, clock, random }: NextHopsDeps) {
    this.#listeners = listeners;
    this.#locator = new Locator({ resolver, reach: (protocol) => this.#familiesOf(protocol) });
    this.#resting = new RestingHops(clock);
    this.#random = random;
  }

  /** The way to a URI whose host is an address; undefined for a name. Throws `RefusedError`. */
  known(uri: string): Ways | undefined {
    const target = this.#read(uri);
    return isAddress(target.host) ? this.only(target) : undefined;
  }

  /** The ways to a URI. Who keeps nothing of a request gives `random`, so that its copies go the same way. */
  async find(uri: string, random = this.#random): Promise<Ways> {
    return this.lookUp(this.#read(uri), random);
  }

  /** The flow to an address; throws `RefusedError`. */
  flowTo({ protocol, host, port }: Hop): Flow {
    const flow = this.#listeners.flowTo(protocol, host, port);
    if (flow === undefined) throw new RefusedError(UNREACHABLE);
    return flow;
  }

  /** The only way to an address. */
  only(hop: Hop): Ways {
    return this.#ways([hop]);
  }

  async lookUp(target: Target, random = this.#random): Promise<Ways> {
    if (isAddress(target.host)) return this.only(target);
    return this.#ways(await this.#locator.locate(target, random));
  }

  /** The ways to a name; where its owner was last heard comes before all others. */
  async lookUpAgain(target: Target, { remoteAddress, remotePort, listener }: Flow): Promise<Ways> {
    const hops = await this.#locator.locate(target, this.#random);
    const isHeard = ({ host, port }: Hop): boolean => host === remoteAddress && port === remotePort;
    return this.#ways([...hops.filter(isHeard), ...hops.filter((hop) => !isHeard(hop))], listener);
  }

  #ways(hops: readonly Hop[], from?: Flow['listener']): Ways {
    return new Ways(
      hops,
      ({ protocol, host, port }) => this.#listeners.flowTo(protocol, host, port, from),
      this.#resting,
    );
  }

  #familiesOf(protocol: Protocol): readonly (4 | 6)[] {
    const bound = this.#listeners.all.filter((listener) => listener.protocol === protocol);
    return ([4, 6] as const).filter((family) => bound.some(({ address }) => familyOf(address) === family));
  }

  #read(uri: string): Target {
    try {
      return targetOf(uri, `invalid uri: ${uri}`);
    } catch (error) {
      if (error instanceof SipError) throw new RefusedError(`invalid uri: ${uri}`, { cause: error });
      throw error;
    }
  }
}
