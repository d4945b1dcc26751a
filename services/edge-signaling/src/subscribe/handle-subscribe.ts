import { CallId, type InstanceId, type LegId } from '@callweave/contracts';
import { rankOf } from '@callweave/sip';
import { type IncomingRequest, type IncomingResponse, type Reply, type RequestHandler } from '@callweave/srf';
import { ulid } from 'ulid';
import { authenticate, unavailable } from '../admit/authenticate.ts';
import { parseCaller } from '../admit/parse-caller.ts';
import { type CallDeps } from '../call/call.ts';
import { Itinerary } from '../call/itinerary.ts';
import { type Target } from '../call/targets.ts';
import { remoteTargetOf } from '../leg/dialog.ts';
import { createLegId } from '../leg/leg-id.ts';
import { type Authenticator, type TenantDirectory } from '../ports.ts';
import { ask, contactOf } from './ask.ts';
import { type Beginnings } from './beginnings.ts';
import { passedReply } from './pass.ts';
import { acceptedBy, type SideSealer, sideOf } from './side.ts';

export interface SubscribeDeps extends Pick<
  CallDeps,
  'router' | 'locator' | 'flows' | 'applicationServer' | 'sendThrough' | 'clock'
> {
  readonly authenticator: Authenticator;
  readonly tenants: TenantDirectory;
  readonly notReady: () => string | undefined;
  readonly sealer: SideSealer;
  readonly beginnings: Beginnings;
}

/** No further device is asked after this long: the subscriber gives up after 32 s, RFC 3261 §17.1.2. */
const LAST_TRY_MS = 16_000;

/**
 * Subscribes one registered user to another's device, whatever the event: the first device to accept has the
 * subscription. RFC 6665. What comes after is passed by `SubscriptionRelay`.
 */
export function subscribeHandler(deps: SubscribeDeps): RequestHandler {
  return async (request) => {
    const localTag = createLegId();
    deps.beginnings.begin(localTag);
    try {
      await request.reply(await answerTo(request, localTag, deps));
    } finally {
      deps.beginnings.end(localTag);
    }
  };
}

async function answerTo(request: IncomingRequest, localTag: LegId, deps: SubscribeDeps): Promise<Reply> {
  const { authenticator, tenants, notReady, clock } = deps;
  if (notReady() !== undefined) return unavailable();
  const parsed = parseCaller(request);
  if (parsed.kind === 'refuse') return parsed.reply;
  // RFC 6665 §7.2: without it nobody knows what is asked for.
  if ((request.header('event') ?? '').trim() === '') return { status: 489 };
  if (remoteTargetOf(request) === '') return { status: 400, reason: 'Bad Request (contact)' };
  const { user, domain, dialled, from, to } = parsed.caller;
  const { tenant, realm } = tenants.byDomain(domain);
  const refusal = await authenticate(request, { tenant, realm, user, as: 'proxy' }, authenticator);
  if (refusal !== undefined) return refusal;
  const callId = CallId.parse(ulid());
  const itinerary = new Itinerary({ tenant, callId, source: { kind: 'user', user }, dialled, domain }, deps);
  const routed = await itinerary.route();
  if (routed.kind === 'refuse') return routed.reply;
  const lastTryMs = clock.monotonicMs() + LAST_TRY_MS;
  let best: Reply = { status: 480 };
  for (let group = await itinerary.next(); group !== undefined; group = await itinerary.next()) {
    for (const target of group) {
      if (clock.monotonicMs() > lastTryMs) return best;
      const reply = await subscribe(request, target, { from, to, localTag }, deps);
      if (reply.status < 300) return reply;
      if (rankOf(reply.status) < rankOf(best.status)) best = reply;
    }
  }
  return best;
}

/** Asks one device, and answers for it. */
async function subscribe(
  request: IncomingRequest,
  { uri, nextHop, edge, headers, isInternal }: Target,
  { from, to, localTag }: { readonly from: string; readonly to: string; readonly localTag: LegId },
  { sendThrough, sealer, flows }: SubscribeDeps,
): Promise<Reply> {
  // What runs in an application is a call.
  if (isInternal) return { status: 489 };
  const owner = flows.instance();
  const subscriber = sideOf(request, localTag, { owner });
  const response = await ask(sendThrough(edge), request, {
    uri,
    nextHop,
    headers: { ...headers, 'Call-ID': localTag, From: `${from};tag=${localTag}`, To: to },
    contact: sealer.seal(subscriber),
  });
  if (response === undefined) return { status: 480 };
  const reply = passedReply(response);
  if (response.status >= 300) return reply;
  const contact = contactOf(sealer.seal(acceptedBy(response, subscriber, edge ?? connectionOf(response, owner))));
  return { ...reply, headers: { ...reply.headers, To: `<sip:placeholder>;tag=${localTag}`, Contact: contact } };
}

/** Who answered on a connection is reached by it alone. */
function connectionOf({ transport }: IncomingResponse, owner: InstanceId): InstanceId | undefined {
  return transport === 'udp' || transport === '' ? undefined : owner;
}
