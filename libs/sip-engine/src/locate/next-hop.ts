import { SipError } from '@callweave/sip';
import { RefusedError } from '../errors.ts';
import { type Listeners } from '../transport/listeners.ts';
import { type Flow } from '../transport/transport.ts';
import { familyOf, isAddress, type Resolver, type Target, targetOf } from './resolve.ts';

const UNREACHABLE = 'requested protocol/transport not available';

/** The way to where a URI points; looks up names. Rejects with `RefusedError`. RFC 3263 §4. */
export class NextHops {
  readonly #listeners: Listeners;
  readonly #resolver: Resolver;

  constructor(listeners: Listeners, resolver: Resolver) {
    this.#listeners = listeners;
    this.#resolver = resolver;
  }

  /** The flow to a URI whose host is an address; undefined for a name. Throws `RefusedError`. */
  known(uri: string): Flow | undefined {
    const target = this.#read(uri);
    return isAddress(target.host) ? this.flowTo(target) : undefined;
  }

  async find(uri: string): Promise<Flow> {
    return this.lookUp(this.#read(uri));
  }

  /** The flow to an address; throws `RefusedError`. */
  flowTo({ protocol, host, port }: Target): Flow {
    const flow = this.#listeners.flowTo(protocol, host, port);
    if (flow === undefined) throw new RefusedError(UNREACHABLE);
    return flow;
  }

  async lookUp(target: Target): Promise<Flow> {
    if (isAddress(target.host)) return this.flowTo(target);
    const families = new Set(
      this.#listeners.all
        .filter(({ protocol }) => protocol === target.protocol)
        .map(({ address }) => familyOf(address)),
    );
    const [family = 0] = families.size === 1 ? families : [];
    try {
      return this.flowTo({ ...target, host: await this.#resolver.resolve(target.host, family) });
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      throw new RefusedError(`can not resolve ${target.host}`, { cause: error });
    }
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
