import { type KeptFact } from '@callweave/bus';
import { callAnswered, callEnded, callFailed, CallId, callInitiated, callRecorded, Tenant } from '@callweave/contracts';
import { z } from 'zod';

const About = z.object({ callId: CallId, tenant: Tenant });

/** What the books are kept in: what was told of a call, and its record. */
export interface AuditedFact {
  readonly callId: string;
  readonly tenant: string;
  readonly kind: 'initiated' | 'answered' | 'ended' | 'failed' | 'recorded' | 'other';
  /** What it is called, for people. */
  readonly name: string;
  /** Its number among what was told of the call; a record has none. */
  readonly sequence?: number;
  /** Counts the owners that the call has had until then. */
  readonly epoch?: number;
  /** The clock of whoever told it, epoch ms. */
  readonly toldAtMs: number;
  /** The clock of the bus, epoch ms. */
  readonly storedAtMs: number;
  /** How long the call was talked in, ms; of an end. */
  readonly durationMs?: number;
  /** What the record of the call says of its times. */
  readonly record?: { readonly talkMs: number; readonly answeredAt?: number | undefined; readonly endedAt: number };
}

/** What an audit needs of a fact that could be read. */
export function auditedFact({ event, storedAtMs }: Extract<KeptFact, { kind: 'fact' }>): AuditedFact {
  const { sequence, epoch, type, data } = event;
  const common = {
    ...About.parse(data),
    ...{ storedAtMs, toldAtMs: Date.parse(event.time) },
    ...{ name: type.slice(type.lastIndexOf('.') + 1), ...(sequence === undefined ? {} : { sequence }) },
    ...(epoch === undefined ? {} : { epoch }),
  };
  switch (type) {
    case callInitiated.type:
      return { ...common, kind: 'initiated' };
    case callAnswered.type:
      return { ...common, kind: 'answered' };
    case callEnded.type:
      return { ...common, kind: 'ended', durationMs: callEnded.data.parse(data).durationMs };
    case callFailed.type:
      return { ...common, kind: 'failed' };
    case callRecorded.type: {
      const { talkMs, answeredAt, endedAt } = callRecorded.data.parse(data);
      return { ...common, kind: 'recorded', record: { talkMs, answeredAt, endedAt } };
    }
    default:
      return { ...common, kind: 'other' };
  }
}

/** Whether nothing is told of a call after this but its record. */
export function isEnd({ kind }: AuditedFact): boolean {
  return kind === 'ended' || kind === 'failed';
}
