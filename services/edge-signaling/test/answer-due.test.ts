import { describe, expect, test } from 'vitest';
import { type FakeCall, fakeRequest, placed, response } from './fake-call.ts';

interface DueCall extends FakeCall {
  /** The record of the call is stored. */
  readonly store: () => Promise<void>;
}

/** A call whose callee has answered and whose record is not stored yet. */
async function due(): Promise<DueCall> {
  let confirm = (): void => undefined;
  const stored = new Promise<boolean>((resolve) => {
    confirm = () => resolve(true);
  });
  const fake = await placed({ stored });
  fake.invited[0]?.events.responded(response(200));
  await fake.settle();
  fake.seen.splice(0);
  const store = async (): Promise<void> => {
    confirm();
    await fake.settle();
  };
  return { ...fake, store };
}

describe('an answer', () => {
  test('is told to the caller when the call is stored, once', async () => {
    const fake = await due();
    expect(fake.seen).toEqual([]);
    expect(fake.call.caller.isUnheard).toBe(true);
    await fake.store();
    expect(fake.call.caller.isUnheard).toBe(false);
    fake.clock.advance(1_000);
    await fake.settle();
    expect(fake.seen).toEqual(['kept', 'caller 200 v=0 answered', 'disposed']);
  });

  test('waits no longer than 100 ms for that', async () => {
    const fake = await due();
    fake.clock.advance(99);
    await fake.settle();
    expect(fake.seen).toEqual([]);
    fake.clock.advance(1);
    await fake.settle();
    expect(fake.seen).toEqual(['caller 200 v=0 answered', 'disposed']);
  });

  test('comes before whatever the callee asks in the dialog', async () => {
    const fake = await due();
    void fake.calls.all[0]?.parts.callee.receive(fakeRequest('INFO', () => undefined));
    await fake.settle();
    expect(fake.seen).toEqual(['caller 200 v=0 answered', 'sent INFO']);
  });

  test('is told at once when the callee hangs up, and the BYE follows the ACK', async () => {
    const fake = await due();
    await fake.calls.all[0]?.parts.callee.receive(fakeRequest('BYE', () => undefined));
    await fake.settle();
    expect(fake.seen).toEqual(['caller 200 v=0 answered', 'released', 'told ended callee hang-up']);
    await fake.fromCaller('ACK');
    await fake.store();
    expect(fake.seen.slice(3)).toEqual(['sent BYE', 'kept', 'disposed']);
  });

  test('is not told to a caller who cancels before: he has hung up', async () => {
    const fake = await due();
    fake.cancel();
    await fake.settle();
    await fake.store();
    expect(fake.seen).toEqual(['sent BYE', 'released', 'told ended caller hang-up', 'kept', 'disposed']);
    expect([fake.legs.size, fake.calls.size]).toEqual([0, 0]);
  });

  test('is told at once when another edge takes the call over', async () => {
    const fake = await due();
    fake.calls.all[0]?.supersede();
    await fake.store();
    expect(fake.seen).toEqual(['caller 200 v=0 answered', 'kept', 'disposed']);
  });
});
