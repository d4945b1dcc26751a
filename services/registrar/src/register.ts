import {
  type Binding,
  type ContactRequest,
  EpochMs,
  type GoneBinding,
  type LocationRecord,
  type RegisterRequest,
  type RemovalReason,
} from '@callweave/contracts';
import { applyExpiry } from './expire.ts';
import { goneBinding, type Told } from './gone-binding.ts';
import { isSameContact } from './same-contact.ts';

/** What the registrar grants, RFC 3261 §10.3 step 7. */
export interface Limits {
  readonly minExpiresSec: number;
  readonly defaultExpiresSec: number;
  readonly maxExpiresSec: number;
  readonly maxContactsPerAor: number;
}

/** Bindings outlive what was granted by this much, so that a refresh at the last moment still finds them. */
export const GRACE_MS = 5_000;

/** What a REGISTER does to a record. */
export type Registration =
  | {
      readonly kind: 'registered';
      readonly record: LocationRecord;
      /** Whether the record differs from the stored one. */
      readonly changed: boolean;
      /** What is to be told, also when it was told before: the same event has the same id. */
      readonly told: readonly Told[];
    }
  | { readonly kind: 'interval-too-brief' }
  | { readonly kind: 'out-of-order' }
  | { readonly kind: 'too-many-contacts' };

/** Applies a REGISTER to what is stored; pure, so that a lost compare-and-set can run it again. RFC 3261 §10.3. */
export function applyRegister(
  stored: LocationRecord | undefined,
  request: RegisterRequest,
  limits: Limits,
  nowMs: number,
): Registration {
  const draft = new Draft(stored, request, nowMs);
  if (request.contacts === '*') return draft.removeAll();
  for (const contact of request.contacts) {
    const expiresSec = contact.expiresSec ?? request.expiresSec ?? limits.defaultExpiresSec;
    if (expiresSec > 0 && expiresSec < limits.minExpiresSec) return { kind: 'interval-too-brief' };
    const granted = Math.min(expiresSec, limits.maxExpiresSec);
    if (!draft.apply(contact, granted)) return { kind: 'out-of-order' };
  }
  // Whoever is above the limit may still refresh and leave.
  if (draft.hasGrown && draft.size > limits.maxContactsPerAor) return { kind: 'too-many-contacts' };
  return draft.finish();
}

/** An empty record of the address-of-record a REGISTER is about. */
function emptyRecord({ tenant, user, aor }: RegisterRequest): LocationRecord {
  return { tenant, user, aor, bindings: [], gone: [], sequence: 0, epoch: 1 };
}

/** The record in the making. */
class Draft {
  readonly #stored: LocationRecord;
  readonly #request: RegisterRequest;
  readonly #nowMs: number;
  #bindings: Binding[];
  #gone: GoneBinding[];
  #sequence: number;
  #changed: boolean;
  readonly #told: Told[];

  constructor(stored: LocationRecord | undefined, request: RegisterRequest, nowMs: number) {
    // What ran out goes first, also when nobody has swept it yet, so that its end is told before anything new.
    const expiry = stored === undefined ? undefined : applyExpiry(stored, nowMs);
    this.#stored = expiry?.record ?? emptyRecord(request);
    this.#changed = expiry?.changed ?? false;
    this.#told = [...(expiry?.told ?? [])];
    this.#request = request;
    this.#nowMs = nowMs;
    this.#bindings = [...this.#stored.bindings];
    this.#gone = [...this.#stored.gone];
    this.#sequence = this.#stored.sequence;
  }

  get hasGrown(): boolean {
    return this.#bindings.length > this.#stored.bindings.length;
  }

  get size(): number {
    return this.#bindings.length;
  }

  /** False when the request is older than what is stored, RFC 3261 §10.3 step 7. */
  apply(contact: ContactRequest, expiresSec: number): boolean {
    const old = this.#bindings.find((binding) => isSameContact(binding, contact));
    const gone = this.#gone.find((binding) => isSameContact(binding, contact));
    const last = old ?? gone;
    if (last?.callId === this.#request.callId) {
      if (this.#request.cseq < last.cseq) return false;
      if (this.#request.cseq === last.cseq && !this.#hasMoved(old, contact)) {
        return this.#repeat(old, gone, expiresSec);
      }
    }
    if (expiresSec > 0) this.#bind(contact, expiresSec, old);
    else if (old !== undefined) this.#remove(old, 'unregistered');
    return true;
  }

  removeAll(): Registration {
    const { callId, cseq } = this.#request;
    for (const old of this.#bindings) {
      if (old.callId === callId && old.cseq >= cseq) return { kind: 'out-of-order' };
    }
    for (const gone of this.#gone) {
      if (gone.callId === callId && gone.cseq === cseq) this.#tell({ kind: 'gone', gone });
    }
    for (const old of [...this.#bindings]) this.#remove(old, 'unregistered');
    return this.finish();
  }

  finish(): Registration {
    const { tenant, user, aor, epoch } = this.#stored;
    const record = { tenant, user, aor, epoch, bindings: this.#bindings, gone: this.#gone, sequence: this.#sequence };
    return { kind: 'registered', record, changed: this.#changed, told: this.#told };
  }

  /** A device that restarted its CSeq at another address is no repeat of itself. */
  #hasMoved(old: Binding | undefined, { contact }: ContactRequest): boolean {
    return old !== undefined && (old.contact !== contact || old.flow !== this.#request.flow);
  }

  /** The same REGISTER again: nothing changes, and what it did is told again. */
  #repeat(old: Binding | undefined, gone: GoneBinding | undefined, expiresSec: number): boolean {
    if (old !== undefined && expiresSec > 0) this.#tell({ kind: 'live', binding: old });
    else if (gone !== undefined && expiresSec === 0) this.#tell({ kind: 'gone', gone });
    else return false;
    return true;
  }

  #bind(contact: ContactRequest, expiresSec: number, old: Binding | undefined): void {
    const { callId, cseq, edge, flow, path, received, keepAlive, userAgent } = this.#request;
    const binding: Binding = {
      contact: contact.contact,
      q: contact.q ?? 1,
      expiresAt: EpochMs.parse(this.#nowMs + expiresSec * 1000 + GRACE_MS),
      callId,
      cseq,
      edge,
      flow,
      path,
      told: old === undefined ? 'added' : 'refreshed',
      sequence: (this.#sequence += 1),
      ...(contact.instanceId === undefined ? {} : { instanceId: contact.instanceId }),
      ...(contact.regId === undefined ? {} : { regId: contact.regId }),
      ...(received === undefined ? {} : { received }),
      ...(keepAlive === undefined ? {} : { keepAlive }),
      ...(userAgent === undefined ? {} : { userAgent }),
    };
    if (old === undefined) this.#bindings.push(binding);
    else this.#bindings[this.#bindings.indexOf(old)] = binding;
    this.#gone = this.#gone.filter((other) => !isSameContact(other, contact));
    if (old !== undefined && old.contact !== contact.contact) this.#remember(old, 'replaced');
    this.#changed = true;
    this.#tell({ kind: 'live', binding });
  }

  #remove(old: Binding, reason: RemovalReason): void {
    this.#bindings = this.#bindings.filter((binding) => binding !== old);
    this.#remember(old, reason);
    this.#changed = true;
  }

  #remember(old: Binding, reason: RemovalReason): void {
    const { callId, cseq } = this.#request;
    const gone = { ...goneBinding(old, reason, this.#nowMs, (this.#sequence += 1)), callId, cseq };
    this.#gone.push(gone);
    this.#tell({ kind: 'gone', gone });
  }

  #tell(told: Told): void {
    this.#told.push(told);
  }
}
