import { type Clock } from '@callweave/clock';
import { type Leg } from '../leg/leg.ts';
import { ReferSubscription } from './refer-subscription.ts';
import { type Initiator } from './transfer.ts';

/** A transferor hangs up by himself when he knows, RFC 5589 §6; one that does not is hung up after this long. */
const BYE_GRACE_MS = 2_000;

/** Who sent a REFER: his subscription, and his own leg, which is over once he is replaced. */
export function referrer(
  leg: Leg,
  { id, isSubscribed, clock }: { readonly id: number; readonly isSubscribed: boolean; readonly clock: Clock },
): Initiator {
  const subscription = new ReferSubscription(leg, { id, isOpen: isSubscribed });
  return {
    progress: (status) => subscription.progress(status),
    failed: (status) => subscription.end(status),
    done: () => {
      subscription.end(200, () => clock.after(isSubscribed ? BYE_GRACE_MS : 0, () => leg.hangUp()));
    },
    left: () => subscription.close(),
  };
}
