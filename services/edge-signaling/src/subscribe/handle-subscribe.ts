import { type InstanceId, type LegId } from '@callweave/contracts';
import { rankOf } from '@callweave/sip';
import { type IncomingRequest, type IncomingResponse, type Reply, type RequestHandler } from '@callweave/srf';
import { type AdmitDeps, admitRequest } from '../admit/admit-request.ts';
import { type Identity, identityHeaders } from '../admit/identity.ts';
import { type CallDeps } from '../call/call.ts';
import { type Target } from '../call/targets.ts';
import { remoteTargetOf } from '../leg/dialog.ts';
import { createLegId } from '../leg/leg-id.ts';
import { ask, contactOf } from './ask.ts';
import { type Beginnings } from './beginnings.ts';
import { passedReply } from './pass.ts';
import { acceptedBy, type SideSealer, sideOf } from './side.ts';

export interface SubscribeDeps extends AdmitDeps, Pick<CallDeps, 'sendThrough' | 'clock'> {
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
  const admitted = await admitRequest(request, deps, defectOf);
  if (admitted.kind === 'refuse') return admitted.reply;
  const { itinerary, identity, to } = admitted;
  const { clock } = deps;
  const lastTryMs = clock.monotonicMs() + LAST_TRY_MS;
  const nobody: Reply = { status: 480 };
  let best: Reply | undefined;
  for (let group = await itinerary.next(); group !== undefined; group = await itinerary.next()) {
    for (const target of group) {
      if (clock.monotonicMs() > lastTryMs) return best ?? nobody;
      const reply = await subscribe(request, target, { identity, to, localTag }, deps);
      if (reply.status < 300) return reply;
      if (best === undefined || rankOf(reply.status) < rankOf(best.status)) best = reply;
    }
  }
  return best ?? nobody;
}

/** What is wrong with a request for a subscription, whoever sends it. */
function defectOf(request: IncomingRequest): Reply | undefined {
  // RFC 6665 §7.2: without it nobody knows what is asked for.
  if ((request.header('event') ?? '').trim() === '') return { status: 489 };
  return remoteTargetOf(request) === '' ? { status: 400, reason: 'Bad Request (contact)' } : undefined;
}

/** Asks one device, and answers for it. */
async function subscribe(
  request: IncomingRequest,
  target: Target,
  { identity, to, localTag }: { readonly identity: Identity; readonly to: string; readonly localTag: LegId },
  { sendThrough, sealer, flows }: SubscribeDeps,
): Promise<Reply> {
  const { uri, nextHop, edge, isInternal } = target;
  // What runs in an application is a call.
  if (isInternal) return { status: 489 };
  const owner = flows.instance();
  const subscriber = sideOf(request, localTag, { owner });
  const response = await ask(sendThrough(edge), request, {
    uri,
    nextHop,
    headers: { ...identityHeaders(identity, target, localTag), To: to, ...target.headers, 'Call-ID': localTag },
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
