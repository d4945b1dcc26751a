import { type Answer, answer, type Bucket, ConflictError, type Publisher } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  type Binding,
  type GrantedContact,
  type locationBucket,
  type LocationRecord,
  register,
  type RegisterRequest,
  type RegisterResponse,
} from '@callweave/contracts';
import { type Logger } from '@callweave/telemetry';
import { applyRegister, GRACE_MS, type Limits, type Registration } from './register.ts';
import { tellChanges } from './tell.ts';

export type LocationBucket = Bucket<typeof locationBucket.pattern, typeof LocationRecord>;

export interface RegisterDeps {
  readonly locations: LocationBucket;
  readonly publisher: Publisher;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Longest a write waits for a JetStream leader: an election takes 4–9 s. */
const HOLD_MS = 12_000;
const RETRY_AFTER_SEC = 2;

/** Answers a REGISTER; what it changed is in the journal before the answer leaves. */
export function answerRegister(deps: RegisterDeps): Answer {
  return answer(register, async (request, { leftMs }): Promise<RegisterResponse> => {
    const registration = await write(deps, request, Math.min(leftMs, HOLD_MS));
    if (registration === 'busy') return { kind: 'busy', retryAfterSec: RETRY_AFTER_SEC };
    switch (registration.kind) {
      case 'interval-too-brief':
        return { kind: 'interval-too-brief', minExpiresSec: deps.limits.minExpiresSec };
      case 'out-of-order':
        return { kind: 'out-of-order' };
      case 'too-many-contacts':
        return { kind: 'too-many-contacts', max: deps.limits.maxContactsPerAor };
      case 'registered':
        tellChanges(deps.publisher, registration.record, registration.told);
        deps.log.debug('registration.changed', { user: request.user, changes: registration.told.length });
        return { kind: 'registered', contacts: grant(registration.record.bindings, deps.clock.epochMs()) };
    }
  });
}

async function write(
  { locations, limits, clock }: RegisterDeps,
  request: RegisterRequest,
  deadlineMs: number,
): Promise<Registration | 'busy'> {
  let last: Registration = { kind: 'out-of-order' };
  try {
    await locations.modify(
      { tenant: request.tenant, user: request.user },
      (stored) => {
        last = applyRegister(stored, request, limits, clock.epochMs());
        return last.kind === 'registered' && last.changed ? { set: last.record } : 'keep';
      },
      { deadlineMs },
    );
    return last;
  } catch (error) {
    if (error instanceof ConflictError) return 'busy';
    throw error;
  }
}

function grant(bindings: readonly Binding[], nowMs: number): GrantedContact[] {
  return bindings.map(({ contact, expiresAt, q, instanceId, regId }) => ({
    contact,
    expiresSec: Math.max(1, Math.round((expiresAt - GRACE_MS - nowMs) / 1000)),
    q,
    instanceId,
    regId,
  }));
}
