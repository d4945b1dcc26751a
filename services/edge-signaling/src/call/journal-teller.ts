import { type Fact, type Publisher } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  callAnswered,
  type CallCause,
  type CallDetail,
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
  type LegId,
  type MediaNodeId,
  type RelayedMedia,
} from '@callweave/contracts';
import { type z } from 'zod';
import { type LegNote, noted } from './call-detail.ts';
import { type CallTeller } from './call-ports.ts';
import { cdrOf } from './cdr.ts';
import { type Note } from './left-calls.ts';
import { type Side } from './session.ts';

type CallPattern = `callweave.call.v1.{tenant}.{callId}.${string}`;

/** A call as far as it has been told: its record, or what is known when it begins. */
export type ToldCall = Pick<
  CallRecord,
  'tenant' | 'callId' | 'from' | 'to' | 'startedAt' | 'answeredAt' | 'media' | 'detail' | 'epoch' | 'sequence'
>;

/** How facts are told. */
export interface TellerDeps {
  readonly publisher: Pick<Publisher, 'tell'>;
  readonly clock: Clock;
}

/** Tells the facts of one call through the journal, on from where they stand, and with the last of them its record. */
export class JournalTeller implements CallTeller {
  protected readonly deps: TellerDeps;
  readonly #owner: InstanceId;
  readonly #call: Pick<ToldCall, 'tenant' | 'callId' | 'from' | 'to' | 'startedAt' | 'epoch'>;
  #sequence: number;
  #answeredAt: ToldCall['answeredAt'];
  #media: ToldCall['media'];
  #detail: CallDetail;

  constructor(call: ToldCall, owner: InstanceId, deps: TellerDeps) {
    const { tenant, callId, from, to, startedAt, epoch } = call;
    this.deps = deps;
    this.#owner = owner;
    this.#call = { tenant, callId, from, to, startedAt, epoch };
    this.#sequence = call.sequence;
    this.#answeredAt = call.answeredAt;
    this.#media = call.media;
    this.#detail = call.detail ?? { legs: [] };
  }

  get sequence(): number {
    return this.#sequence;
  }

  get detail(): CallDetail {
    return this.#detail;
  }

  note(change: LegNote): void {
    this.#detail = noted(this.#detail, change, this.deps.clock.epochMs());
  }

  initiated(fields: Parameters<CallTeller['initiated']>[0], kept?: () => readonly Note[]): void {
    this.#tell(callInitiated, fields, kept);
  }

  routed(targets: readonly string[]): void {
    this.#tell(callRouted, { targets });
  }

  ringing(legId: LegId, target: string): void {
    this.#tell(callRinging, { legId, target });
  }

  answered(legId: LegId, target: string, media: MediaNodeId | undefined, kept?: () => CallRecord): void {
    this.#answeredAt = EpochMs.parse(this.deps.clock.epochMs());
    this.#media = media;
    for (const leg of this.#detail.legs) if (leg.role === 'caller') this.note({ kind: 'answered', legId: leg.legId });
    this.note({ kind: 'answered', legId });
    this.#tell(callAnswered, { legId, target, media }, kept);
  }

  held(by: Side): void {
    this.#tell(callHeld, { by });
  }

  resumed(by: Side): void {
    this.#tell(callResumed, { by });
  }

  transferred(fields: Parameters<CallTeller['transferred']>[0]): void {
    this.#tell(callTransferred, fields);
  }

  ended(cause: CallCause, durationMs: number, relayed: RelayedMedia | undefined): void {
    this.#tell(callEnded, { cause, durationMs, statistics: relayed?.statistics }, () => 'over');
    this.#record((this.#answeredAt ?? this.#call.startedAt) + durationMs, cause, relayed);
  }

  failed(cause: CallCause): void {
    this.#tell(callFailed, { cause }, () => 'over');
    this.#record(this.deps.clock.epochMs(), cause);
  }

  #tell<P extends CallPattern, S extends z.ZodType>(
    type: Fact<P, S>['type'],
    fields: object,
    note?: () => Note | readonly Note[],
  ): void {
    const { tenant, callId, epoch } = this.#call;
    const owner = this.#owner;
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.deps.publisher.tell({
      type,
      tokens: { tenant, callId } as Fact<P, S>['tokens'],
      // Whoever tells the end tells the same end; everything else has one teller, who counts.
      id: type.once ? `${callId}.end` : `${callId}.${String(sequence)}`,
      data: { tenant, callId, owner, epoch, sequence, ...fields } as z.input<S>,
      context: { tenant, callid: callId, owner, epoch, sequence },
      ...(note === undefined ? {} : { note: { about: callId, value: note() } }),
    });
  }

  #record(atMs: number, cause: CallCause, relayed?: RelayedMedia): void {
    const { tenant, callId, epoch } = this.#call;
    const owner = this.#owner;
    const whole = { ...this.#call, owner, answeredAt: this.#answeredAt, media: this.#media, detail: this.#detail };
    this.deps.publisher.tell({
      type: callRecorded,
      tokens: { tenant, callId },
      id: `${callId}.cdr`,
      data: cdrOf(whole, { atMs, cause, relayed }),
      context: { tenant, callid: callId, owner, epoch },
    });
  }
}
