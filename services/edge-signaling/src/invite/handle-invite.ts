import { CallId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { annotate } from '@callweave/telemetry';
import { ulid } from 'ulid';
import { authenticate, unavailable } from '../admit/authenticate.ts';
import { Call, type CallDeps, type CallFacts } from '../call/call.ts';
import { type CallTeller } from '../call/call-ports.ts';
import { profileOfSdp, profileOfTransport } from '../call/media-profile.ts';
import { createLegId } from '../leg/leg-id.ts';
import { type Authenticator, type TenantDirectory } from '../ports.ts';
import { parseInvite } from './parse-invite.ts';

export interface InviteDeps extends Omit<CallDeps, 'teller' | 'disposed'> {
  readonly authenticator: Authenticator;
  readonly tenants: TenantDirectory;
  readonly notReady: () => string | undefined;
  readonly openTeller: (facts: CallFacts) => CallTeller;
}

/** Takes on calls: parse, authenticate, then the call goes its own way. */
export class InviteHandler {
  readonly #deps: InviteDeps;
  readonly #calls = new Map<CallId, Call>();
  #whenIdle: (() => void)[] = [];

  constructor(deps: InviteDeps) {
    this.#deps = deps;
  }

  /** Whether this call is being set up here now. */
  has(callId: CallId): boolean {
    return this.#calls.has(callId);
  }

  /** Calls in hand. */
  get active(): number {
    return this.#calls.size;
  }

  async handle(request: IncomingRequest): Promise<void> {
    const { authenticator, tenants, notReady } = this.#deps;
    if (notReady() !== undefined) {
      await request.reply(unavailable());
      return;
    }
    const cancelled = new AbortController();
    request.onCancel(() => cancelled.abort());
    const parsed = parseInvite(request);
    if (parsed.kind === 'refuse') {
      await request.reply(parsed.reply);
      return;
    }
    const { user, domain, dialled, from, to, sdp } = parsed.facts;
    const { tenant, realm } = tenants.byDomain(domain);
    const refusal = await authenticate(request, { tenant, realm, user, as: 'proxy' }, authenticator);
    // The engine has answered the CANCEL and the INVITE by itself.
    if (cancelled.signal.aborted) return;
    if (refusal !== undefined) {
      await request.reply(refusal);
      return;
    }
    const callId = CallId.parse(ulid());
    const profile = sdp === undefined ? profileOfTransport(request.transport) : profileOfSdp(sdp);
    const source = { kind: 'user', user } as const;
    this.#start({ tenant, callId, source, dialled, domain, from, to, sdp, profile }, request);
  }

  /** Resolves when no call is in hand. */
  async idle(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #start(facts: CallFacts, request: IncomingRequest): void {
    const { tenant, callId } = facts;
    const legId = createLegId();
    annotate({ 'callweave.tenant': tenant, 'callweave.call_id': callId, 'callweave.leg_id': legId });
    const call = new Call(facts, request, legId, {
      ...this.#deps,
      teller: this.#deps.openTeller(facts),
      disposed: (callId) => this.#forget(callId),
    });
    this.#calls.set(callId, call);
    call.start();
  }

  #forget(callId: CallId): void {
    this.#calls.delete(callId);
    if (this.#calls.size === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
