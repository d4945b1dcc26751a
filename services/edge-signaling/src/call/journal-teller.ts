import { type Fact, type Publisher } from '@callweave/bus';
import {
  callAnswered,
  callEnded,
  callFailed,
  callHeld,
  callInitiated,
  callResumed,
  callRinging,
  callRouted,
  type InstanceId,
} from '@callweave/contracts';
import { type z } from 'zod';
import { type CallTeller } from './call-ports.ts';
import { type CallFacts } from './call.ts';

type CallPattern = `callweave.call.v1.{tenant}.{callId}.${string}`;

/** Where the facts of a call stand when somebody goes on telling them. */
export interface ToldSoFar {
  readonly epoch: number;
  readonly sequence: number;
}

const nothing: ToldSoFar = { epoch: 1, sequence: 0 };

/** Tells the facts of one call through the journal, numbered from 1 or on from where the last owner was. */
export function journalTeller(
  publisher: Publisher,
  owner: InstanceId,
  { tenant, callId }: Pick<CallFacts, 'tenant' | 'callId'>,
  { epoch, sequence: before } = nothing,
): CallTeller {
  let sequence = before;
  const tell = <P extends CallPattern, S extends z.ZodType>(type: Fact<P, S>['type'], fields: object): void => {
    sequence += 1;
    publisher.tell({
      type,
      tokens: { tenant, callId } as Fact<P, S>['tokens'],
      // Whoever tells the end tells the same end; everything else has one teller, who counts.
      id: type.once ? `${callId}.end` : `${callId}.${String(sequence)}`,
      data: { tenant, callId, owner, epoch, sequence, ...fields } as z.input<S>,
      context: { tenant, callid: callId, owner, epoch, sequence },
    });
  };
  return {
    get sequence() {
      return sequence;
    },
    initiated: (fields) => tell(callInitiated, fields),
    routed: (targets) => tell(callRouted, { targets }),
    ringing: (legId, target) => tell(callRinging, { legId, target }),
    answered: (legId, target, media) => tell(callAnswered, { legId, target, media }),
    held: (by) => tell(callHeld, { by }),
    resumed: (by) => tell(callResumed, { by }),
    ended: (cause, durationMs, statistics) => tell(callEnded, { cause, durationMs, statistics }),
    failed: (cause) => tell(callFailed, { cause }),
  };
}
