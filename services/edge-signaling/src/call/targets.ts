import { type Binding, type RouteTarget } from '@callweave/contracts';

/** One device or application to try. */
export interface Target {
  /** Request-URI. */
  readonly uri: string;
  /** Where it goes when not where `uri` says: the address a device behind NAT was seen at. */
  readonly nextHop: string | undefined;
  /** What the events call it. */
  readonly name: string;
  readonly ringSec: number;
  readonly headers: Readonly<Record<string, string>>;
}

const APPLICATION_RING_SEC = 10;

/** The devices of a user, in the order to try them. */
export function userTargets(target: RouteTarget & { kind: 'user' }, bindings: readonly Binding[]): Target[] {
  return bindings.map(({ contact, received }) => ({
    uri: contact,
    nextHop: received === undefined ? undefined : `sip:${received}${transportOf(contact)}`,
    name: contact,
    ringSec: target.ringSec,
    headers: {},
  }));
}

/** An application server that runs what `target` names. */
export function applicationTarget(target: RouteTarget & { kind: 'application' }, server: string): Target {
  const params = Object.entries(target.params).map(([name, value]) => [`X-App-${name}`, value]);
  return {
    uri: `sip:${target.action}@${server}`,
    nextHop: undefined,
    name: `application:${target.action}`,
    ringSec: APPLICATION_RING_SEC,
    headers: { 'X-App-Action': target.action, ...(Object.fromEntries(params) as Record<string, string>) },
  };
}

function transportOf(contact: string): string {
  return /;transport=[a-z]+/i.exec(contact)?.[0] ?? '';
}
