import { type IncomingRequest, type Reply } from '@callweave/srf';
import { createCallId } from '../call/call-id.ts';
import { type CallDeps } from '../call/call.ts';
import { Itinerary } from '../call/itinerary.ts';
import { type Redirect } from '../call/redirect.ts';
import { unavailable } from '../unavailable.ts';
import { identify, type IdentifyDeps } from './identify.ts';
import { type Identity } from './identity.ts';
import { parseCaller } from './parse-caller.ts';

export interface AdmitDeps extends IdentifyDeps, Pick<CallDeps, 'router' | 'locator' | 'flows' | 'applicationServer'> {
  readonly notReady: () => string | undefined;
}

/** What may pass from one user to another: from whom, to whom, and to which devices. */
export type Admitted =
  | { readonly kind: 'admitted'; readonly identity: Identity; readonly to: string; readonly itinerary: Itinerary }
  | { readonly kind: 'refuse'; readonly reply: Reply };

/**
 * Lets a request outside any dialog in that is no call: reads its parties, has its sender prove who he is, and asks where
 * it goes. A trunk, which proves nothing, may only call. `defectOf` is what else may be wrong with it, before anybody is asked; `forwarded` is told when it goes on to
 * somebody else, as users have set, and without it what they have set is not followed.
 */
export async function admitRequest(
  request: IncomingRequest,
  deps: AdmitDeps,
  defectOf: (request: IncomingRequest) => Reply | undefined,
  forwarded?: (redirect: Redirect) => void,
): Promise<Admitted> {
  if (deps.notReady() !== undefined) return refuse(unavailable());
  const parsed = parseCaller(request);
  if (parsed.kind === 'refuse') return parsed;
  const defect = defectOf(request);
  if (defect !== undefined) return refuse(defect);
  const { dialled, to } = parsed.caller;
  const identified = await identify(request, parsed.caller, deps);
  if (identified.kind === 'refuse') return identified;
  const { tenant, source, domain, identity } = identified;
  if (source.kind !== 'user') return refuse({ status: 403 });
  const callId = createCallId();
  const itinerary = new Itinerary({ tenant, callId, source, dialled, domain }, deps, forwarded);
  const routed = await itinerary.route();
  if (routed.kind === 'refuse') return routed;
  return { kind: 'admitted', identity, to, itinerary };
}

function refuse(reply: Reply): Admitted {
  return { kind: 'refuse', reply };
}
