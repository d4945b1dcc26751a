import { type RouteTarget, type User } from '@callweave/contracts';
import { type IncomingResponse, type Reply } from '@callweave/srf';
import { unavailable } from '../unavailable.ts';
import { type CallDeps, type CallFacts } from './call.ts';
import { diverted, MAX_REDIRECTS, notTaken, type NotTaken, readRedirects, type Redirect } from './redirect.ts';
import { type Group, type Resolved, resolveTargets, type Stop } from './resolve-targets.ts';

export type Routed =
  | { readonly kind: 'routed'; readonly targets: readonly RouteTarget[] }
  | { readonly kind: 'refuse'; readonly reply: Reply };

/** What routing is asked. */
type Question = Pick<CallFacts, 'tenant' | 'callId' | 'source' | 'dialled' | 'domain'>;

export type ItineraryDeps = Pick<CallDeps, 'router' | 'locator' | 'flows' | 'applicationServer'>;

/** A stop, and who has sent the call there: the last one last. */
type PathStop = Stop & { readonly path: readonly Redirect[] };

/** A phone that rang out says more of its user than one that is busy, and that more than one that is away. */
const RANKS: readonly (NotTaken | undefined)[] = [undefined, 'unavailable', 'user-busy', 'no-answer'];
const SETTINGS = { 'user-busy': 'busy', 'no-answer': 'noAnswer', unavailable: 'unreachable' } as const;

/**
 * Whom a call goes to, group by group: as routing says, where devices have sent it instead, and where users have their
 * calls go that they do not take.
 */
export class Itinerary {
  readonly #facts: Question;
  readonly #deps: ItineraryDeps;
  readonly #forwarded: ((redirect: Redirect) => void) | undefined;
  #stops: PathStop[] = [];
  /** Whose devices are called now, and who has sent the call there. */
  #user: User | undefined;
  #path: readonly Redirect[] = [];
  #redirected = 0;
  #isLoop = false;
  /** Why the devices of a user have not taken the call; undefined when they refused it for him. */
  readonly #reasons = new Map<User, NotTaken | undefined>();
  /** Users whose devices have sent the call elsewhere. */
  readonly #deflected = new Set<User>();

  /** `forwarded` is told when the call goes on to somebody else; without it, what users have set is not followed. */
  constructor(facts: Question, deps: ItineraryDeps, forwarded?: (redirect: Redirect) => void) {
    this.#facts = facts;
    this.#deps = deps;
    this.#forwarded = forwarded;
  }

  /** Whether the last who sent the call on sent it to one who had sent it on before. RFC 3261 §21.4.20 */
  get isLoop(): boolean {
    return this.#isLoop;
  }

  /** Asks where the call goes. */
  async route(): Promise<Routed> {
    const { source, dialled } = this.#facts;
    const answer = await this.#ask(source, dialled);
    if (answer.kind === 'unavailable') return { kind: 'refuse', reply: unavailable() };
    if (answer.kind === 'reject') return { kind: 'refuse', reply: { status: answer.status, reason: answer.reason } };
    const resolved = await this.#resolve(answer.targets);
    if (resolved.kind === 'refuse') return resolved;
    this.#stops = resolved.stops.map((stop) => ({ ...stop, path: [] }));
    return { kind: 'routed', targets: answer.targets };
  }

  /** Goes where a device has sent the call, before anywhere else: its caller is told nothing of that. */
  redirect(by: User | undefined, response: IncomingResponse): undefined {
    const redirects = readRedirects(by, response.header('contact'));
    const path = this.#path;
    for (const { by } of redirects) this.#deflected.add(by);
    this.#stops.unshift(...redirects.map((redirect) => ({ kind: 'redirect' as const, redirect, path })));
    return undefined;
  }

  /** Whether the call goes on after this failure of the devices that are called now. RFC 3261 §16.7 step 5 */
  goesOnAfter(status: number, hasRung: boolean): boolean {
    // The caller is to go elsewhere himself.
    if (status < 400) return false;
    this.failed(notTaken(status, hasRung));
    return status < 600 || (status === 600 && this.#skipToBusy());
  }

  /** The devices that are called now do not take the call; without a reason they refuse it for their user. */
  failed(reason: NotTaken | undefined): void {
    if (this.#user === undefined) return;
    const isFirst = !this.#reasons.has(this.#user);
    if (isFirst || RANKS.indexOf(reason) > RANKS.indexOf(this.#reasons.get(this.#user)))
      this.#reasons.set(this.#user, reason);
  }

  /** Leaves out what the user still has; whether his calls go elsewhere when he is busy. RFC 3261 §21.6.1 */
  #skipToBusy(): boolean {
    const at = this.#stops.findIndex(
      (stop) => stop.kind === 'otherwise' && stop.by === this.#user && stop.forwards.busy !== undefined,
    );
    if (at > 0) this.#stops.splice(0, at);
    return at !== -1;
  }

  /** Who is next; undefined when nobody is left. */
  async next(): Promise<Group | undefined> {
    this.#isLoop = false;
    for (let stop = this.#stops.shift(); stop !== undefined; stop = this.#stops.shift()) {
      if (stop.kind === 'group') {
        const { group, path } = stop;
        this.#path = path;
        this.#user = group[0]?.user;
        return group.map((target) => diverted(target, path, this.#facts.domain));
      }
      const redirect = stop.kind === 'redirect' ? stop.redirect : this.#otherwise(stop);
      if (redirect !== undefined && this.#redirected < MAX_REDIRECTS)
        this.#stops.unshift(...(await this.#follow(redirect, [...stop.path, redirect])));
    }
    return undefined;
  }

  #otherwise({ by, forwards }: Stop & { kind: 'otherwise' }): Redirect | undefined {
    const reason = this.#reasons.has(by) ? this.#reasons.get(by) : 'unavailable';
    if (reason === undefined || this.#deflected.has(by)) return undefined;
    const dialled = forwards[SETTINGS[reason]];
    return dialled === undefined ? undefined : { by, dialled, reason };
  }

  async #follow(redirect: Redirect, path: readonly Redirect[]): Promise<readonly PathStop[]> {
    this.#redirected += 1;
    const answer = await this.#ask({ kind: 'user', user: redirect.by }, redirect.dialled);
    if (answer.kind !== 'targets') return [];
    this.#isLoop = answer.targets.some((target) => target.kind === 'user' && path.some(({ by }) => by === target.user));
    if (this.#isLoop) return [];
    this.#forwarded?.(redirect);
    const resolved = await this.#resolve(answer.targets);
    return resolved.kind === 'stops' ? resolved.stops.map((stop) => ({ ...stop, path })) : [];
  }

  #ask(source: Question['source'], dialled: string): ReturnType<CallDeps['router']['route']> {
    const { tenant, callId, domain } = this.#facts;
    return this.#deps.router.route({ tenant, callId, source, dialled, domain });
  }

  #resolve(targets: readonly RouteTarget[]): Promise<Resolved> {
    const followed =
      this.#forwarded === undefined
        ? targets.map((target) => (target.kind === 'user' ? { ...target, forwards: undefined } : target))
        : targets;
    return resolveTargets(this.#facts.tenant, followed, this.#deps);
  }
}
