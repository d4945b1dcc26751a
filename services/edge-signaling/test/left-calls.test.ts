import { CallId } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { leftCalls } from '../src/call/left-calls.ts';

const callId = CallId.parse('01HF7YAT000000000000000000');
const record = {
  ...{ tenant: 'default', callId, owner: 'abcdefghijklmnop', epoch: 1, state: 'answered', sequence: 4 },
  ...{ from: '<sip:a@d>', to: '<sip:b@d>', legs: [], startedAt: 1, answeredAt: 2 },
};

function left(...notes: unknown[]): ReturnType<typeof leftCalls> {
  const publisher = { notesAbout: (about: string) => (about === callId ? notes : []), noted: () => [callId] };
  return leftCalls(publisher, { epochMs: () => 100_000 });
}

describe('what a dead edge has left in its journal', () => {
  test('is an answered call, of which the caller may have heard', () => {
    expect(left(record).answered(callId)).toMatchObject({ call: { callId, state: 'answered' }, isAcknowledged: false });
    expect(left(record, 'acknowledged').answered(callId)).toMatchObject({ isAcknowledged: true });
  });

  test('is no call when it is of another version', () => {
    expect(left({ callId }, 'acknowledged').answered(callId)).toBeUndefined();
  });

  test('goes on without a record only if both sides were talking, and had not hung up', () => {
    expect(left(record).talking()).toEqual([]);
    expect(left(record, 'acknowledged').talking()).toMatchObject([{ callId }]);
    expect(left(record, 'acknowledged', 'over').talking()).toEqual([]);
    // The records say whether it still is a call.
    expect(left(record, 'acknowledged', 'stored').talking()).toEqual([]);
  });

  test('is a call that had begun, until it is over, or both sides are talking', () => {
    const begun = { ...record, state: 'routing', answeredAt: undefined };
    expect(left(begun).begun()).toMatchObject([{ callId, state: 'routing' }]);
    expect(left(begun).answered(callId)).toBeUndefined();
    expect(left(begun, 'over').begun()).toEqual([]);
    expect(left(begun, record).begun()).toMatchObject([{ callId, state: 'answered' }]);
    expect(left(begun, record).answered(callId)).toMatchObject({ call: { state: 'answered' } });
    expect(left(begun, record, 'acknowledged').begun()).toEqual([]);
  });

  test('is who has hung up, also on a call that is stored', () => {
    const departure = { left: 'callee', atMs: 5 };
    expect(left(departure).departure(callId)).toEqual(departure);
    expect(left(record, departure).answered(callId)).toMatchObject({ call: { callId } });
    expect(left(record).departure(callId)).toBeUndefined();
  });

  test('is who asked for a call and who rings for it, beside the call itself', () => {
    const invite = (peer: string): object => ({ uri: 'sip:b@d', peer, headers: { Via: 'v' } });
    const begun = { ...record, state: 'routing' };
    const found = left([begun, { asked: invite('alice') }], { called: invite('bob') }, { called: invite('carol') });
    expect(found.begun()).toMatchObject([{ callId, state: 'routing' }]);
    expect(found.invites(callId)).toEqual({ asked: invite('alice'), called: [invite('bob'), invite('carol')] });
    expect(left(begun).invites(callId)).toEqual({ asked: undefined, called: [] });
  });

  test('is where a call was to be moved to, beside the call itself', () => {
    const mediaId = CallId.parse('11HF7YAT000000000000000001');
    const found = left(record, { tenant: 'default', movesTo: mediaId, atMs: 5 }, 'acknowledged');
    expect(found.moves()).toEqual([{ tenant: 'default', mediaId, atMs: 5 }]);
    expect(found.talking()).toMatchObject([{ callId }]);
    expect(left(record).moves()).toEqual([]);
  });

  test('is that a caller may not have heard of the answer, for a minute', () => {
    expect(left(record, { unheardAtMs: 50_000 }).isUnheard(callId)).toBe(true);
    expect(left(record, { unheardAtMs: 40_000 }).isUnheard(callId)).toBe(false);
    expect(left(record).isUnheard(callId)).toBe(false);
  });

  test('is that somebody has hung up, until the end is told', () => {
    const departure = { left: 'callee', atMs: 5 };
    expect(left(record, departure).isEnding(callId)).toBe(true);
    expect(left(record, 'acknowledged', 'stored', departure).isEnding(callId)).toBe(true);
    expect(left(record, departure, 'over').isEnding(callId)).toBe(false);
    expect(left(record).isEnding(callId)).toBe(false);
  });
});
