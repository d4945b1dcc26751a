import { type SipRequest } from '@callweave/sip';
import { type Inbound } from '../transport/transport.ts';
import { type App } from './app.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { refusalOfUnrouted, RETRY_AFTER_SEC } from './refuse-request.ts';
import { type Rejection, retryLater } from './reject.ts';
import { type UasRequest } from './uas-request.ts';

/** Who is to answer a new request. */
export type Taker =
  | { readonly kind: 'app'; readonly app: App }
  | { readonly kind: 'handler'; readonly handle: (pending: UasRequest, request: Inbound<SipRequest>) => void }
  /** The application that comes next. */
  | { readonly kind: 'next' }
  /** Nobody; without a refusal the peer is left to ask again. */
  | { readonly kind: 'nobody'; readonly refusal: Rejection | undefined };

/** Who answers a request of `dialog`, or of none: its application, a handler, one that takes the method, or the next to come. */
export function takerOf(
  { message: request, flow }: Inbound<SipRequest>,
  dialog: Dialog | undefined,
  core: Core,
): Taker {
  const { method } = request;
  const known = dialog?.app.isOpen === true ? dialog.app : undefined;
  const handle = known === undefined ? core.handlerOf(method) : undefined;
  if (handle !== undefined) return { kind: 'handler', handle };
  const app = known ?? core.apps.pick(method);
  if (app !== undefined) return { kind: 'app', app };
  const isKept = isKeptForNext(request, core);
  // Over UDP the peer asks again by itself, and sooner than it would after any answer.
  if (isKept && !flow.reliable) return { kind: 'nobody', refusal: undefined };
  const refusal = isKept ? retryLater(RETRY_AFTER_SEC) : refusalOfUnrouted(request, core);
  return refusal.status === 503 && core.nextApp.hasRoom ? { kind: 'next' } : { kind: 'nobody', refusal };
}

/** Whether the application that comes next, if only one comes, will know the dialog of this request. */
function isKeptForNext({ toTag }: SipRequest, { offersUnknownDialogs, apps, nextApp }: Core): boolean {
  // One that has just come tells what it takes word by word.
  const isNobodyThere = apps.methods().length === 0 || nextApp.isAwaited;
  return offersUnknownDialogs && toTag !== undefined && isNobodyThere;
}
