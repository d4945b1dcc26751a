import { type CallDetail, type CallId, EpochMs, type LegId } from '@callweave/contracts';
import { copyText } from '@callweave/sip';
import { type IncomingRequest, leftInvite } from '@callweave/srf';
import { activeTraceId, annotate } from '@callweave/telemetry';
import { identify, type IdentifyDeps } from '../admit/identify.ts';
import { createCallId } from '../call/call-id.ts';
import { userOf } from '../call/call-names.ts';
import { Call, type CallDeps, type CallFacts } from '../call/call.ts';
import { type CallTeller } from '../call/call-ports.ts';
import { type ToldCall } from '../call/journal-teller.ts';
import { profileOfSdp, profileOfTransport } from '../call/media-profile.ts';
import { remoteTargetOf } from '../leg/dialog.ts';
import { createLegId } from '../leg/leg-id.ts';
import { type Networks } from '../networks.ts';
import { type Replacement } from '../transfer/take-place.ts';
import { unavailable } from '../unavailable.ts';
import { parseInvite } from './parse-invite.ts';

export interface InviteDeps extends IdentifyDeps, Omit<CallDeps, 'teller' | 'disposed'> {
  readonly networks: Networks;
  readonly notReady: () => string | undefined;
  readonly openTeller: (call: ToldCall) => CallTeller;
  /** An INVITE that is to take the place of a side of an answered call. */
  readonly takePlace: (replacement: Replacement) => Promise<void>;
}

/** Takes on calls: parse, authenticate, then the call goes its own way. */
export class InviteHandler {
  readonly #deps: InviteDeps;
  readonly #calls = new Map<string, Call>();
  #whenIdle: (() => void)[] = [];

  constructor(deps: InviteDeps) {
    this.#deps = deps;
  }

  /** Whether this call is being set up here now. */
  has(callId: string): boolean {
    return this.#calls.has(callId);
  }

  /** Calls in hand. */
  get active(): number {
    return this.#calls.size;
  }

  async handle(request: IncomingRequest): Promise<void> {
    const { networks, notReady, log } = this.#deps;
    const reason = notReady();
    if (reason !== undefined) {
      log.warn('call.refused', { reason });
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
    const { dialled, from, to, sdp, replaces } = parsed.facts;
    const engine = this.#deps.flows.instance();
    const identified = await identify(request, parsed.facts, this.#deps);
    // The engine has answered the CANCEL and the INVITE by itself.
    if (cancelled.signal.aborted) return;
    // Nor could another engine answer it.
    if (this.#deps.flows.instance() !== engine) {
      await request.reply(unavailable());
      return;
    }
    if (identified.kind === 'refuse') {
      await request.reply(identified.reply);
      return;
    }
    const { tenant, source, identity, domain } = identified;
    const profile = sdp === undefined ? profileOfTransport(request.transport) : profileOfSdp(sdp);
    if (replaces !== undefined) {
      const user = userOf(source);
      // Only who has proved to be somebody may take a place in a call. RFC 3891 §3
      if (user === undefined) await request.reply({ status: 403 });
      else await this.#deps.takePlace({ request, tenant, user, isHidden: identity.isHidden, replaces, sdp, profile });
      return;
    }
    const callId = createCallId();
    const place = networks.ofSource(request.source);
    this.#start({ tenant, callId, source, dialled, domain, from, to, identity, sdp, profile, place }, request);
  }

  /** The engine is gone, or has lost us: none of the calls that are being set up can be answered. */
  engineLost(): void {
    for (const call of [...this.#calls.values()]) call.engineLost();
  }

  /** Resolves when no call is in hand. */
  async idle(): Promise<void> {
    if (this.#calls.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #start(facts: CallFacts, request: IncomingRequest): void {
    const { tenant, callId, from, to } = facts;
    const startedAt = EpochMs.parse(this.#deps.clock.epochMs());
    const legId = createLegId(callId);
    annotate({ 'callweave.tenant': tenant, 'callweave.call_id': callId, 'callweave.leg_id': legId });
    const asked = request.transport === 'udp' ? leftInvite(request, request.uri, request.source, legId) : undefined;
    const call = new Call({ ...facts, asked }, request, legId, {
      ...this.#deps,
      teller: this.#deps.openTeller({
        ...{ tenant, callId, from, to, startedAt, epoch: 1, sequence: 0 },
        detail: begun(facts, request, legId, startedAt),
      }),
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

const MAX_TEXT = 2_048;

/** What the record of a call says of its caller. */
function begun({ source, dialled }: CallFacts, invite: IncomingRequest, legId: LegId, begunAt: EpochMs): CallDetail {
  const text = (value: string): string => copyText(value.slice(0, MAX_TEXT));
  const userAgent = invite.header('user-agent');
  const traceId = activeTraceId();
  const caller = { legId, role: 'caller', device: text(remoteTargetOf(invite)), begunAt } as const;
  return {
    source,
    dialled: text(dialled),
    sipCallId: text(invite.header('call-id') ?? ''),
    ...(traceId === undefined ? {} : { traceId }),
    legs: [
      {
        ...caller,
        ...(source.kind === 'user' ? { user: source.user } : {}),
        ...(userAgent === undefined ? {} : { userAgent: text(userAgent) }),
      },
    ],
  };
}
