import { type MediaProfile } from '@callweave/contracts';
import { type CallTeller } from './call-ports.ts';

/** The two who talk. */
export const SIDES = ['caller', 'callee'] as const;
export type Side = (typeof SIDES)[number];

/** What one side of an answered call has said about its media. */
export interface SessionSide {
  /** What it needs of ours. */
  readonly profile: MediaProfile;
  /** Its last description that came into force; undefined when that was at another edge. */
  readonly sdp: string | undefined;
  /** Whether it keeps the other on hold. */
  readonly holds: boolean;
}

/** What both sides have agreed to. */
export type Session = Readonly<Record<Side, SessionSide>>;

/** The one on the other side. */
export function otherSide(side: Side): Side {
  return side === 'caller' ? 'callee' : 'caller';
}

/** Who keeps the other on hold. */
export function holders(session: Session): Side[] {
  return SIDES.filter((side) => session[side].holds);
}

/** Tells who keeps the other on hold now and did not before, and who no longer does. */
export function tellHolds(teller: Pick<CallTeller, 'held' | 'resumed'>, before: Session, now: Session): void {
  for (const side of SIDES) {
    const { holds } = now[side];
    if (holds === before[side].holds) continue;
    if (holds) teller.held(side);
    else teller.resumed(side);
  }
}
