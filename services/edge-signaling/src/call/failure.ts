import { type CallCause } from '@callweave/contracts';
import { type Reply } from '@callweave/srf';
import { unavailable } from '../unavailable.ts';
import { failureCause } from './cause.ts';

/** What the caller is told when nothing better comes, and why. */
export interface Failure {
  readonly reply: Reply;
  readonly cause: CallCause;
}

/** There was nobody to call. */
export const NO_CHOICE: Failure = { reply: { status: 480 }, cause: failureCause('platform', 480) };

/** They rang in vain. */
export const NO_ANSWER: Failure = {
  reply: { status: 480 },
  cause: { by: 'callee', reason: 'no-answer', sipStatus: 480 },
};

/** Users sent the call on to each other. RFC 3261 §21.4.20 */
export const LOOP: Failure = { reply: { status: 482 }, cause: failureCause('platform', 482) };

/** The engine is gone that has the caller's INVITE. */
export const ENGINE_LOST: Failure = {
  reply: unavailable(),
  cause: { by: 'platform', reason: 'node-lost', sipStatus: 503 },
};
