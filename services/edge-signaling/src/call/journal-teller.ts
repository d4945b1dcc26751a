import { type Fact, type Publisher } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  callAnswered,
  type CallCause,
  callEnded,
  callFailed,
  callHeld,
  callInitiated,
  callRecorded,
  type CallRecord,
  callResumed,
  callRinging,
  callRouted,
  callTransferred,
  EpochMs,
  type InstanceId,
  type RelayedMedia,
} from '@callweave/contracts';
import { type z } from 'zod';
import { noted } from './call-detail.ts';
import { type CallTeller } from './call-ports.ts';
import { cdrOf } from './cdr.ts';

type CallPattern = `callweave.call.v1.{tenant}.{callId}.${string}`;

/** A call as far as it has been told: its record, or what is known when it begins. */
export type ToldCall = Pick<
  CallRecord,
  'tenant' | 'callId' | 'from' | 'to' | 'startedAt' | 'answeredAt' | 'media' | 'detail' | 'epoch' | 'sequence'
>;

/** Tells the facts of one call through the journal, on from where they stand, and with the last of them its record. */
export function journalTeller(
  publisher: Pick<Publisher, 'tell'>,
  owner: InstanceId,
  call: ToldCall,
  clock: Clock,
): CallTeller {
  const { tenant, callId, epoch } = call;
  let { sequence, answeredAt, media } = call;
  let detail = call.detail ?? { legs: [] };
  const note: CallTeller['note'] = (change) => {
    detail = noted(detail, change, clock.epochMs());
  };
  const tell = <P extends CallPattern, S extends z.ZodType>(
    type: Fact<P, S>['type'],
    fields: object,
    kept?: () => CallRecord,
  ): void => {
    sequence += 1;
    publisher.tell({
      type,
      tokens: { tenant, callId } as Fact<P, S>['tokens'],
      // Whoever tells the end tells the same end; everything else has one teller, who counts.
      id: type.once ? `${callId}.end` : `${callId}.${String(sequence)}`,
      data: { tenant, callId, owner, epoch, sequence, ...fields } as z.input<S>,
      context: { tenant, callid: callId, owner, epoch, sequence },
      ...(kept === undefined ? {} : { note: { about: callId, value: kept() } }),
    });
  };
  const record = (atMs: number, cause: CallCause, relayed?: RelayedMedia): void => {
    const whole = { ...call, owner, answeredAt, media, detail };
    publisher.tell({
      type: callRecorded,
      tokens: { tenant, callId },
      id: `${callId}.cdr`,
      data: cdrOf(whole, { atMs, cause, relayed }),
      context: { tenant, callid: callId, owner, epoch },
    });
  };
  return {
    get sequence() {
      return sequence;
    },
    get detail() {
      return detail;
    },
    note,
    initiated: (fields) => tell(callInitiated, fields),
    routed: (targets) => tell(callRouted, { targets }),
    ringing: (legId, target) => tell(callRinging, { legId, target }),
    answered: (legId, target, node, kept) => {
      answeredAt = EpochMs.parse(clock.epochMs());
      media = node;
      for (const leg of detail.legs) if (leg.role === 'caller') note({ kind: 'answered', legId: leg.legId });
      note({ kind: 'answered', legId });
      tell(callAnswered, { legId, target, media: node }, kept);
    },
    held: (by) => tell(callHeld, { by }),
    resumed: (by) => tell(callResumed, { by }),
    transferred: (fields) => tell(callTransferred, fields),
    ended: (cause, durationMs, relayed) => {
      tell(callEnded, { cause, durationMs, statistics: relayed?.statistics });
      record((answeredAt ?? call.startedAt) + durationMs, cause, relayed);
    },
    failed: (cause) => {
      tell(callFailed, { cause });
      record(clock.epochMs(), cause);
    },
  };
}
