import { type Forwards, type RouteTarget, type Tenant, type User } from '@callweave/contracts';
import { type Reply } from '@callweave/srf';
import { unavailable } from '../unavailable.ts';
import { type CallDeps } from './call.ts';
import { type Redirect } from './redirect.ts';
import { applicationTarget, type Target, userTargets } from './targets.ts';

/** Devices that are called at once. */
export type Group = readonly Target[];

/** Where a call gets to, one after the other. */
export type Stop =
  | { readonly kind: 'group'; readonly group: Group }
  | { readonly kind: 'redirect'; readonly redirect: Redirect }
  /** Where the calls of a user go when none of his devices has taken them. */
  | { readonly kind: 'otherwise'; readonly by: User; readonly forwards: Forwards };

export type Resolved =
  { readonly kind: 'stops'; readonly stops: Stop[] } | { readonly kind: 'refuse'; readonly reply: Reply };

type ResolveDeps = Pick<CallDeps, 'locator' | 'applicationServer' | 'flows'>;

/** Turns what routing answered into devices and servers that can be called now. */
export async function resolveTargets(
  tenant: Tenant,
  routed: readonly RouteTarget[],
  deps: ResolveDeps,
): Promise<Resolved> {
  const stops: Stop[] = [];
  let refusal: Reply = { status: 480 };
  for (const target of routed) {
    if (target.kind === 'user') {
      const found = await stopsOf(tenant, target, deps);
      if (found === undefined) return { kind: 'refuse', reply: unavailable() };
      stops.push(...found);
      if (found.length === 0 && !(await deps.locator.exists(tenant, target.user))) refusal = { status: 404 };
    } else {
      const server = deps.applicationServer();
      if (server === undefined) refusal = unavailable();
      else stops.push({ kind: 'group', group: [applicationTarget(target, server)] });
    }
  }
  return stops.length > 0 ? { kind: 'stops', stops } : { kind: 'refuse', reply: refusal };
}

/** Undefined when nobody can say where the user is. */
async function stopsOf(
  tenant: Tenant,
  target: RouteTarget & { kind: 'user' },
  { locator, flows }: ResolveDeps,
): Promise<Stop[] | undefined> {
  const { user: by, forwards: { always, ...forwards } = {} } = target;
  if (always !== undefined) return [{ kind: 'redirect', redirect: { by, dialled: always, reason: 'unconditional' } }];
  const found = await locator.lookup(tenant, by);
  if (found.kind === 'unavailable') return undefined;
  const stops = userTargets(target, found.bindings, flows).map((group): Stop => ({ kind: 'group', group }));
  const goesOn = stops.length > 0 || forwards.unreachable !== undefined;
  return goesOn ? [...stops, { kind: 'otherwise', by, forwards }] : [];
}
