import { type LocationRecord, RegisterRequest } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { applyExpiry, nextChange } from '../src/expire.ts';
import { GONE_MS } from '../src/gone-binding.ts';
import { applyRegister, GRACE_MS, type Limits, type Registration } from '../src/register.ts';

const limits: Limits = { minExpiresSec: 60, defaultExpiresSec: 600, maxExpiresSec: 3600, maxContactsPerAor: 3 };
const NOW = 1_700_000_000_000;

function request(fields: Record<string, unknown> = {}): RegisterRequest {
  return RegisterRequest.parse({
    tenant: 'default',
    user: 'alice',
    aor: 'sip:alice@example.org',
    callId: 'call-1',
    cseq: 1,
    contacts: [{ contact: 'sip:alice@192.0.2.1:5060' }],
    path: [],
    edge: 'abcdefghijklmnop',
    flow: 'flow',
    ...fields,
  });
}

type Registered = Extract<Registration, { kind: 'registered' }>;

function registered(stored: LocationRecord | undefined, fields: Record<string, unknown>, nowMs = NOW): Registered {
  const result = applyRegister(stored, request(fields), limits, nowMs);
  if (result.kind !== 'registered') throw new Error(result.kind);
  return result;
}

const first = registered(undefined, {}).record;
const told = ({ told }: Registered): string[] =>
  told.map((t) =>
    t.kind === 'live'
      ? `${t.binding.told} ${String(t.binding.sequence)}`
      : `${t.gone.reason} ${String(t.gone.sequence)}`,
  );

describe('a REGISTER, RFC 3261 §10.3', () => {
  test('a new contact is added, for the default time and the grace', () => {
    const result = registered(undefined, {});
    expect(told(result)).toEqual(['added 1']);
    expect(result.record.bindings[0]?.expiresAt).toBe(NOW + 600_000 + GRACE_MS);
  });

  test('the contact parameter goes before the Expires header, and both end at the maximum', () => {
    const expiry = (contact: object, expiresSec?: number): number | undefined =>
      registered(undefined, { contacts: [{ contact: 'sip:a@192.0.2.1', ...contact }], expiresSec }).record.bindings[0]
        ?.expiresAt;
    expect(expiry({ expiresSec: 120 }, 300)).toBe(NOW + 120_000 + GRACE_MS);
    expect(expiry({}, 300)).toBe(NOW + 300_000 + GRACE_MS);
    expect(expiry({ expiresSec: 9_999_999 })).toBe(NOW + 3_600_000 + GRACE_MS);
  });

  test('an interval below the minimum is refused and nothing is stored', () => {
    expect(applyRegister(undefined, request({ expiresSec: 59 }), limits, NOW)).toEqual({ kind: 'interval-too-brief' });
  });

  test('a higher CSeq refreshes the contact in place', () => {
    const result = registered(first, { cseq: 2 });
    expect(told(result)).toEqual(['refreshed 2']);
    expect(result.record.bindings).toHaveLength(1);
  });

  test('the same REGISTER again changes nothing and tells the same again', () => {
    const result = registered(first, {}, NOW + 500);
    expect([result.changed, told(result)]).toEqual([false, ['added 1']]);
  });

  test('an older CSeq of the same Call-ID is void, of another Call-ID it is a restarted phone', () => {
    const later = registered(first, { cseq: 9 }).record;
    expect(applyRegister(later, request({ cseq: 8 }), limits, NOW)).toEqual({ kind: 'out-of-order' });
    expect(told(registered(later, { callId: 'call-2', cseq: 1 }))).toEqual(['refreshed 3']);
  });

  test('equal URIs are one contact however they are written', () => {
    const result = registered(first, { callId: 'c2', contacts: [{ contact: 'SIP:%61lice@192.0.2.1:5060' }] });
    expect(result.record.bindings).toHaveLength(1);
  });

  test('a device with instance-id and reg-id replaces its binding when its address changes (RFC 5626)', () => {
    const device = { instanceId: '<urn:uuid:1>', regId: 1 };
    const one = registered(undefined, { contacts: [{ contact: 'sip:a@192.0.2.1:1000', ...device }] }).record;
    const moved = { contacts: [{ contact: 'sip:a@192.0.2.1:2000', ...device }] };
    const two = registered(one, { cseq: 2, ...moved });
    expect(two.record.bindings.map(({ contact }) => contact)).toEqual(['sip:a@192.0.2.1:2000']);
    expect(told(two).sort()).toEqual(['refreshed 2', 'replaced 3']);
    expect(told(registered(one, moved)).sort()).toEqual(['refreshed 2', 'replaced 3']);
  });

  test('Expires 0 removes the contact, and a repeat of it tells the same once more', () => {
    const removed = registered(first, { cseq: 2, expiresSec: 0 });
    expect([told(removed), removed.record.bindings]).toEqual([['unregistered 2'], []]);
    const repeat = registered(removed.record, { cseq: 2, expiresSec: 0 }, NOW + 1000);
    expect([repeat.changed, told(repeat)]).toEqual([false, ['unregistered 2']]);
  });

  test('a REGISTER that was overtaken by the removal cannot bring the contact back', () => {
    const removed = registered(first, { cseq: 3, expiresSec: 0 }).record;
    expect(applyRegister(removed, request({ cseq: 2 }), limits, NOW + 1000)).toEqual({ kind: 'out-of-order' });
  });

  test('the wildcard removes everything', () => {
    const two = registered(first, { cseq: 2, contacts: [{ contact: 'sip:alice@192.0.2.2' }] }).record;
    const result = registered(two, { cseq: 3, contacts: '*', expiresSec: 0 });
    expect(told(result)).toEqual(['unregistered 3', 'unregistered 4']);
    expect(result.record.bindings).toEqual([]);
  });

  test('without a contact it is a query', () => {
    const result = registered(first, { cseq: 2, contacts: [] });
    expect([result.changed, result.record.bindings.length]).toEqual([false, 1]);
  });

  test('more devices than allowed are refused as a whole', () => {
    const contacts = ['1', '2', '3', '4'].map((n) => ({ contact: `sip:alice@192.0.2.${n}` }));
    expect(applyRegister(undefined, request({ contacts }), limits, NOW)).toEqual({ kind: 'too-many-contacts' });
    expect(registered(undefined, { contacts: contacts.slice(1) }).record.bindings).toHaveLength(3);
  });

  test('whoever is above a limit that was lowered may still leave', () => {
    const contacts = ['1', '2', '3'].map((n) => ({ contact: `sip:alice@192.0.2.${n}` }));
    const three = registered(undefined, { contacts }).record;
    const leaving = request({ cseq: 2, contacts: contacts.slice(0, 1), expiresSec: 0 });
    expect(applyRegister(three, leaving, { ...limits, maxContactsPerAor: 1 }, NOW).kind).toBe('registered');
  });

  test('a contact that ran out is told as gone before anything new, even when nobody swept it yet', () => {
    const late = NOW + 601_000 + GRACE_MS;
    expect(told(registered(first, { cseq: 2, contacts: [{ contact: 'sip:alice@192.0.2.9' }] }, late))).toEqual([
      'expired 2',
      'added 3',
    ]);
  });
});

describe('the passing of time', () => {
  test('a binding that ran out is remembered for a while, then the record goes', () => {
    const due = nextChange(first);
    const ended = applyExpiry(first, due);
    expect(ended.record?.bindings).toEqual([]);
    expect(ended.told).toMatchObject([{ kind: 'gone', gone: { reason: 'expired', sequence: 2 } }]);
    if (ended.record === undefined) throw new Error('the record went too early');
    expect(nextChange(ended.record)).toBe(due + GONE_MS);
    expect(applyExpiry(ended.record, due + GONE_MS).record).toBeUndefined();
  });

  test('another replica that looks at the same record tells the same end again', () => {
    const ended = applyExpiry(first, nextChange(first)).record;
    if (ended === undefined) throw new Error('the record went too early');
    const again = applyExpiry(ended, nextChange(first) + 2_000);
    expect([again.changed, again.told.length]).toEqual([false, 1]);
  });
});
