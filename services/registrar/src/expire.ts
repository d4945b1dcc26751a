import { type LocationRecord } from '@callweave/contracts';
import { goneBinding, type Told } from './gone-binding.ts';

/** What the passing of time does to a record. */
export interface Expiry {
  /** Undefined: nothing is left and the record goes. */
  readonly record: LocationRecord | undefined;
  readonly changed: boolean;
  /** Told also when another replica did the removal: it may have died before it told. */
  readonly told: readonly Told[];
}

/** Moves bindings that ran out among the gone, and forgets those that are gone long enough. */
export function applyExpiry(stored: LocationRecord, nowMs: number): Expiry {
  const live = stored.bindings.filter(({ expiresAt }) => expiresAt > nowMs);
  const remembered = stored.gone.filter(({ until }) => until > nowMs);
  const ended = stored.bindings
    .filter(({ expiresAt }) => expiresAt <= nowMs)
    .map((binding, index) => goneBinding(binding, 'expired', nowMs, stored.sequence + index + 1));
  const gone = [...remembered, ...ended];
  const changed = ended.length > 0 || remembered.length < stored.gone.length;
  const record = { ...stored, bindings: live, gone, sequence: stored.sequence + ended.length };
  return {
    record: live.length + gone.length === 0 ? undefined : record,
    changed,
    told: gone.filter(({ reason }) => reason === 'expired').map((binding) => ({ kind: 'gone', gone: binding })),
  };
}

/** When the record needs looking at again, epoch ms. */
export function nextChange({ bindings, gone }: LocationRecord): number {
  return Math.min(...bindings.map(({ expiresAt }) => expiresAt), ...gone.map(({ until }) => until));
}
