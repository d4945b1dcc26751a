import {
  type CallDetail,
  type CallLeg,
  EpochMs,
  type Forwarding,
  type ForwardReason,
  type LegId,
  type User,
} from '@callweave/contracts';

/** What becomes of the legs of a call before it is answered. */
export type LegNote =
  | { readonly kind: 'invited'; readonly legId: LegId; readonly device: string; readonly user?: User | undefined }
  | { readonly kind: 'rang'; readonly legId: LegId }
  | { readonly kind: 'answered'; readonly legId: LegId }
  /** It will not answer: it said so with `sipStatus`, or was given up. */
  | { readonly kind: 'over'; readonly legId: LegId; readonly sipStatus?: number | undefined }
  | { readonly kind: 'forwarded'; readonly by: User; readonly to: string; readonly reason: ForwardReason };

/** Devices that are noted of one call; of more only the first are. */
const MAX_LEGS = 64;
const MAX_TEXT = 2_048;

/** The detail of a call after one thing more has happened. */
export function noted(detail: CallDetail, note: LegNote, atMs: number): CallDetail {
  const at = EpochMs.parse(atMs);
  switch (note.kind) {
    case 'invited': {
      if (detail.legs.length >= MAX_LEGS) return detail;
      const { legId, device, user } = note;
      const whose = user === undefined ? {} : { user };
      const leg: CallLeg = { legId, role: 'callee', ...whose, device: device.slice(0, MAX_TEXT), begunAt: at };
      return { ...detail, legs: [...detail.legs, leg] };
    }
    case 'rang':
      return withLeg(detail, note.legId, (leg) => ({ ...leg, ringingAt: leg.ringingAt ?? at }));
    case 'answered':
      return withLeg(detail, note.legId, (leg) => ({ ...leg, answeredAt: at, sipStatus: 200 }));
    case 'over': {
      const { sipStatus } = note;
      const status = sipStatus === undefined ? {} : { sipStatus };
      return withLeg(detail, note.legId, (leg) => ({ ...leg, ...status, endedAt: at }));
    }
    case 'forwarded': {
      const { by, to, reason } = note;
      const forwarding: Forwarding = { by, to: to.slice(0, MAX_TEXT), reason, at };
      return { ...detail, forwardings: [...(detail.forwardings ?? []), forwarding] };
    }
  }
}

function withLeg(detail: CallDetail, legId: LegId, change: (leg: CallLeg) => CallLeg): CallDetail {
  return { ...detail, legs: detail.legs.map((leg) => (leg.legId === legId ? change(leg) : leg)) };
}
