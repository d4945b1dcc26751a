import { type InstanceId, type Tenant, type User } from '@callweave/contracts';
import { parseUri, SipError } from '@callweave/sip';
import { type Locator } from '../call/call-ports.ts';
import { type FlowReader } from '../call/targets.ts';

/** A device in a call. */
export interface Device {
  readonly tenant: Tenant;
  readonly user: User;
  /** Its Contact in the dialog. */
  readonly remoteTarget: string;
  readonly instanceId?: string | undefined;
}

/** How a device is reached: by the connection that it has opened to this edge. */
export interface Way {
  readonly edge: InstanceId;
  /** Where it comes from, a SIP URI. */
  readonly nextHop: string;
}

export interface WhereaboutsDeps {
  readonly locator: Pick<Locator, 'lookup'>;
  readonly flows: FlowReader;
  /** SIP engines that live edges speak for. */
  readonly holders: () => readonly string[];
}

/** Where devices are that were reached by a connection of their own: by now they may have opened another one. */
export class Whereabouts {
  readonly #deps: WhereaboutsDeps;

  constructor(deps: WhereaboutsDeps) {
    this.#deps = deps;
  }

  /** The way to a device by its registration; undefined while it has none that leads anywhere. */
  async find({ tenant, user, remoteTarget, instanceId }: Device): Promise<Way | undefined> {
    const { locator, flows, holders } = this.#deps;
    const found = await locator.lookup(tenant, user);
    if (found.kind !== 'bindings') return undefined;
    const sure = found.bindings.filter(
      (binding) =>
        (instanceId !== undefined && binding.instanceId === instanceId) || isSame(binding.contact, remoteTarget, true),
    );
    // Some name the port of their connection, which is another each time, and show their instance to registrars alone.
    const likely = found.bindings.filter(({ contact }) => isSame(contact, remoteTarget, false));
    const candidates = sure.length > 0 || likely.length > 1 ? sure : likely;
    // Of several flows of one device the one that it opened last, RFC 5626 §5.3.
    const latest = candidates.sort((a, b) => b.expiresAt - a.expiresAt);
    for (const { flow: token } of latest) {
      const flow = flows.open(token);
      if (flow === undefined || flow.transport === 'udp') continue;
      const { instance: edge, remote, transport } = flow;
      if (edge === flows.instance() || holders().includes(edge))
        return { edge, nextHop: `sip:${remote};transport=${transport}` };
    }
    return undefined;
  }
}

/** Whether two Contacts have user, host and, if wanted, port in common: parameters may differ between requests. */
function isSame(a: string, b: string, withPort: boolean): boolean {
  try {
    const [one, other] = [parseUri(a), parseUri(b)];
    if (one.kind !== 'sip' || other.kind !== 'sip' || one.user !== other.user) return false;
    return one.host.toLowerCase() === other.host.toLowerCase() && (!withPort || one.port === other.port);
  } catch (error) {
    if (error instanceof SipError) return false;
    throw error;
  }
}
