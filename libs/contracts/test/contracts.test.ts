import {
  authProfile,
  bindingRemoved,
  buckets,
  ContractError,
  nonceIssuer,
  parseContract,
  parseEvent,
  register,
  serviceProfiles,
  streams,
  subscribersBucket,
  verify,
} from '@callweave/contracts';
import { describe, expect, test } from 'vitest';

const envelope = {
  specversion: '1.0',
  id: 'x',
  source: 'registrar',
  type: bindingRemoved.type,
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  tenant: 'default',
  sequence: 3,
  data: {
    tenant: 'default',
    user: 'alice',
    aor: 'sip:alice@example.org',
    contact: 'sip:a@192.0.2.1',
    edge: 'abcdefghijklmnop',
    sequence: 3,
    reason: 'expired',
    addedLater: true,
  },
};

describe('contracts', () => {
  test('a question can be asked of the queue group or of one instance by name', () => {
    expect(verify.subject({})).toBe('callweave.rpc.auth.verify');
    expect(verify.instanceSubject({}, 'abcdefghijklmnop')).toBe('callweave.rpc.auth.verify.abcdefghijklmnop');
  });

  test('an event is read with the keys its version knows and without those added later', () => {
    const event = parseEvent(bindingRemoved, envelope);
    expect(event.data.reason).toBe('expired');
    expect(event.data).not.toHaveProperty('addedLater');
    expect(event.sequence).toBe(3);
  });

  test('data that breaks its contract is refused with paths, never with values', () => {
    const wrong = { ...envelope, data: { ...envelope.data, reason: 'hunter2' } };
    expect(() => parseEvent(bindingRemoved, wrong)).toThrow(ContractError);
    try {
      parseContract('x', register.request, { callId: 'hunter2' });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).toContain('tenant');
      expect(String(error)).not.toContain('hunter2');
    }
  });

  test('every event belongs to exactly one stream, and every bucket a service uses is provisioned', () => {
    const published = serviceProfiles.flatMap((profile) => profile.publishes);
    for (const event of published) expect(streams.filter((s) => s.events.includes(event))).toHaveLength(1);
    for (const profile of serviceProfiles)
      for (const bucket of [...profile.reads, ...profile.writes]) expect(buckets).toContain(bucket);
  });

  test('only auth may read the hashes of passwords', () => {
    const readers = serviceProfiles.filter((profile) => profile.reads.includes(subscribersBucket));
    expect(readers).toEqual([authProfile]);
  });

  test('a nonce that is not ours has no issuer', () => {
    for (const nonce of ['', 'x', 'A'.repeat(63), 'é'.repeat(63), 'A'.repeat(8192)])
      expect(nonceIssuer(nonce)).toBeUndefined();
  });
});
