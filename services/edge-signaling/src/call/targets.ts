import {
  type Application,
  type Binding,
  type FlowToken,
  type InstanceId,
  type MediaProfile,
  type RouteTarget,
  type User,
} from '@callweave/contracts';
import { parseNameAddr } from '@callweave/sip';
import { type Flow } from '../flow-token.ts';
import { profileOfTransport } from './media-profile.ts';

/** One device or application to try. */
export interface Target {
  /** Request-URI. */
  readonly uri: string;
  /** Where it goes when not where `uri` says: the address a device behind NAT was seen at. */
  readonly nextHop: string | undefined;
  /** The other edge whose connection is the only way to it. */
  readonly edge?: InstanceId;
  /** What its media must look like. */
  readonly profile: MediaProfile;
  /** What the events call it. */
  readonly name: string;
  /** Whose device it is; undefined for an application. */
  readonly user?: User;
  /** What it does with the call; undefined for a device. */
  readonly application?: Application;
  readonly ringSec: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A part of the platform: it is told the trace. */
  readonly isInternal: boolean;
}

const APPLICATION_RING_SEC = 10;
/** Devices that are called at once; each takes ports of the media node. */
const MAX_AT_ONCE = 10;

/** How flows are read: the tokens of bindings, and which flows this edge holds. */
export interface FlowReader {
  open(token: FlowToken): Flow | undefined;
  /** The engine of this edge. */
  instance(): InstanceId;
}

/**
 * The devices of a user, in the order to call them: those of one q-value at once, the
 * others after them. RFC 3261 §16.6.
 */
export function userTargets(
  target: RouteTarget & { kind: 'user' },
  bindings: readonly Binding[],
  flows: FlowReader,
): Target[][] {
  const groups = new Map<number, Target[]>();
  for (const binding of bindings) {
    const device = deviceTarget(target, binding, flows);
    const group = groups.get(binding.q);
    if (group === undefined) groups.set(binding.q, [device]);
    else group.push(device);
  }
  return [...groups].sort(([a], [b]) => b - a).flatMap(([, group]) => portions(group));
}

function portions(group: readonly Target[]): Target[][] {
  const count = Math.ceil(group.length / MAX_AT_ONCE);
  return Array.from({ length: count }, (_, index) => group.slice(index * MAX_AT_ONCE, (index + 1) * MAX_AT_ONCE));
}

function deviceTarget(
  { user, ringSec }: RouteTarget & { kind: 'user' },
  { contact, received, path, flow: token }: Binding,
  flows: FlowReader,
): Target {
  const device = { uri: contact, name: contact, user, ringSec, isInternal: false };
  const flow = flows.open(token);
  const transport = flow?.transport;
  const [proxy] = path;
  if (proxy !== undefined) {
    // RFC 3327 §5.2: what came in by proxies goes back by them.
    const way = { nextHop: parseNameAddr(proxy).uri, headers: { Route: path.join(', ') } };
    return { ...device, ...way, profile: profileOfTransport(transportOf(contact)) };
  }
  const isStream = transport !== undefined && transport !== 'udp';
  // Its connection is the only way to a device behind NAT or in a browser, and only who holds it can use it.
  const edge = received !== undefined && isStream ? flow?.instance : undefined;
  return {
    ...device,
    nextHop: received === undefined ? undefined : `sip:${received}${isStream ? `;transport=${transport}` : ''}`,
    profile: profileOfTransport(transport),
    headers: {},
    ...(edge === undefined || edge === flows.instance() ? {} : { edge }),
  };
}

/** The transport that a Contact names; undefined when it names none. */
function transportOf(contact: string): string | undefined {
  return /;transport=([a-z]+)/i.exec(contact)?.[1]?.toLowerCase();
}

/** An application server that is to run this. */
export function applicationTarget({ action, params }: Application, server: string): Target {
  const told = Object.entries(params).map(([name, value]) => [`X-App-${name}`, value]);
  return {
    uri: `sip:${action}@${server}`,
    nextHop: undefined,
    profile: 'rtp',
    name: `application:${action}`,
    application: { action, params },
    ringSec: APPLICATION_RING_SEC,
    headers: { 'X-App-Action': action, ...(Object.fromEntries(told) as Record<string, string>) },
    isInternal: true,
  };
}
