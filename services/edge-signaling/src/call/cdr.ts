import {
  type CallCause,
  type CallDetail,
  type CallLeg,
  type CallRecord,
  type callRecorded,
  type RelayedMedia,
} from '@callweave/contracts';
import { type z } from 'zod';
import { q850Of } from './q850.ts';

/** What the record of a call is made of, besides its end. */
export interface RecordedCall extends Pick<
  CallRecord,
  'tenant' | 'callId' | 'owner' | 'epoch' | 'from' | 'to' | 'startedAt' | 'answeredAt' | 'media'
> {
  readonly detail: CallDetail;
}

/** How a call ended. */
export interface CallEnd {
  readonly atMs: number;
  readonly cause: CallCause;
  readonly relayed?: RelayedMedia | undefined;
}

/** The record of a call that is over. */
export function cdrOf(call: RecordedCall, { atMs, cause, relayed }: CallEnd): z.input<(typeof callRecorded)['data']> {
  const { tenant, callId, owner, epoch, from, to, startedAt, answeredAt, media: node, detail } = call;
  const ringingAt = earliest(detail.legs.flatMap((leg) => leg.ringingAt ?? []));
  const since = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.max(0, ms - startedAt);
  return {
    ...detail,
    legs: detail.legs.map((leg) => closed(leg, atMs, relayed)),
    ...{ tenant, callId, owner, epoch, from, to, node },
    initiatedAt: startedAt,
    ringingAt,
    answeredAt,
    endedAt: atMs,
    pddMs: since(ringingAt),
    setupMs: since(answeredAt),
    talkMs: answeredAt === undefined ? 0 : Math.max(0, atMs - answeredAt),
    cause: { ...cause, q850: q850Of(cause) },
  };
}

/** What lasted until the end of the call, and what was heard of those who talked. */
function closed(leg: CallLeg, atMs: number, relayed: RelayedMedia | undefined): z.input<typeof CallLeg> {
  const media = relayed?.sides?.find(({ legId }) => legId === leg.legId)?.statistics;
  return {
    ...leg,
    endedAt: leg.endedAt ?? atMs,
    ...(leg.answeredAt === undefined || media === undefined ? {} : { media }),
  };
}

function earliest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}
