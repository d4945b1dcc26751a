import { type RouteTarget, type Tenant } from '@callweave/contracts';
import { type Reply } from '@callweave/srf';
import { type CallDeps } from './call.ts';
import { applicationTarget, type Target, userTargets } from './targets.ts';

export type Resolved =
  | { readonly kind: 'targets'; readonly groups: (readonly Target[])[] }
  | { readonly kind: 'refuse'; readonly reply: Reply };

/** Turns what routing answered into devices and servers that can be called now; those of a group at once. */
export async function resolveTargets(
  tenant: Tenant,
  routed: readonly RouteTarget[],
  { locator, applicationServer, flows }: Pick<CallDeps, 'locator' | 'applicationServer' | 'flows'>,
): Promise<Resolved> {
  const groups: (readonly Target[])[] = [];
  let refusal: Reply = { status: 480 };
  for (const target of routed) {
    if (target.kind === 'application') {
      const server = applicationServer();
      if (server === undefined) refusal = { status: 503, headers: { 'Retry-After': '5' } };
      else groups.push([applicationTarget(target, server)]);
      continue;
    }
    const found = await locator.lookup(tenant, target.user);
    if (found.kind === 'unavailable')
      return { kind: 'refuse', reply: { status: 503, headers: { 'Retry-After': '5' } } };
    groups.push(...userTargets(target, found.bindings, flows));
    if (found.bindings.length === 0 && !(await locator.exists(tenant, target.user))) refusal = { status: 404 };
  }
  return groups.length > 0 ? { kind: 'targets', groups } : { kind: 'refuse', reply: refusal };
}
