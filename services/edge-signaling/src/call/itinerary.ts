import { type RouteTarget } from '@callweave/contracts';
import { type Reply } from '@callweave/srf';
import { type CallDeps, type CallFacts } from './call.ts';
import { diverted, MAX_REDIRECTS, type Redirect } from './redirect.ts';
import { resolveTargets } from './resolve-targets.ts';
import { type Target } from './targets.ts';

/** Devices that are called at once. */
export type Group = readonly Target[];

export type Routed =
  | { readonly kind: 'routed'; readonly targets: readonly RouteTarget[] }
  | { readonly kind: 'refuse'; readonly reply: Reply };

/** What routing is asked. */
type Question = Pick<CallFacts, 'tenant' | 'callId' | 'source' | 'dialled' | 'domain'>;

const unavailable: Reply = { status: 503, headers: { 'Retry-After': '5' } };

/** Whom a call goes to, group by group: as routing says, and before the next where devices have sent it instead. */
export class Itinerary {
  readonly #facts: Question;
  readonly #deps: Pick<CallDeps, 'router' | 'locator' | 'flows' | 'applicationServer'>;
  #stops: (Group | Redirect)[] = [];
  #redirected = 0;

  constructor(facts: Question, deps: Pick<CallDeps, 'router' | 'locator' | 'flows' | 'applicationServer'>) {
    this.#facts = facts;
    this.#deps = deps;
  }

  /** Asks where the call goes. */
  async route(): Promise<Routed> {
    const { tenant, callId, source, dialled, domain } = this.#facts;
    const answer = await this.#deps.router.route({ tenant, callId, source, dialled, domain });
    if (answer.kind === 'unavailable') return { kind: 'refuse', reply: unavailable };
    if (answer.kind === 'reject') return { kind: 'refuse', reply: { status: answer.status, reason: answer.reason } };
    const resolved = await resolveTargets(tenant, answer.targets, this.#deps);
    if (resolved.kind === 'refuse') return resolved;
    this.#stops = resolved.groups;
    return { kind: 'routed', targets: answer.targets };
  }

  /** Goes where a device has sent the call, before anywhere else. */
  redirect(redirects: readonly Redirect[]): void {
    this.#stops.unshift(...redirects);
  }

  /** Who is next; undefined when nobody is left. */
  async next(): Promise<Group | undefined> {
    for (let stop = this.#stops.shift(); stop !== undefined; stop = this.#stops.shift()) {
      if (!('by' in stop)) return stop;
      if (this.#redirected < MAX_REDIRECTS) this.#stops.unshift(...(await this.#follow(stop)));
    }
    return undefined;
  }

  async #follow(redirect: Redirect): Promise<readonly Group[]> {
    this.#redirected += 1;
    const { tenant, callId, domain } = this.#facts;
    const source = { kind: 'user', user: redirect.by } as const;
    const answer = await this.#deps.router.route({ tenant, callId, source, dialled: redirect.dialled, domain });
    if (answer.kind !== 'targets') return [];
    const resolved = await resolveTargets(tenant, answer.targets, this.#deps);
    const groups = resolved.kind === 'targets' ? resolved.groups : [];
    return groups.map((group) => group.map((target) => diverted(target, redirect, domain)));
  }
}
