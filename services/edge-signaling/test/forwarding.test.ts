import { type Forwards } from '@callweave/contracts';
import { type IncomingResponse } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { type LegNote } from '../src/call/call-detail.ts';
import { fakeCall, type FakeCall, type FakeWorld, response } from './fake-call.ts';

interface Forwarding extends FakeCall {
  /** Devices that were called, by their user, with the Diversion they were told. */
  readonly called: () => string[];
  /** What the device that was called last answers. */
  readonly answers: (status: number, more?: Partial<IncomingResponse>) => Promise<void>;
}

/** A call to b, where users have set these forwardings. */
async function call(forwards: Readonly<Record<string, Forwards>>, world: FakeWorld = {}): Promise<Forwarding> {
  const fake = fakeCall({ ...world, forwards });
  fake.call.start();
  await fake.settle();
  return {
    ...fake,
    called: () =>
      fake.invited.map(({ request: { uri, headers = {} } }) =>
        [/sip:(\w+)@/.exec(uri)?.[1], headers['Diversion']].filter((part) => part !== undefined).join(' '),
      ),
    answers: async (status, more = {}) => {
      fake.invited.at(-1)?.events.responded({ ...response(status), ...more });
      await fake.settle();
    },
  };
}

const sentOn = ({ noted }: FakeCall): LegNote[] => noted.filter(({ kind }) => kind === 'forwarded');

describe('a user who has his calls sent on', () => {
  test('always, is not called himself, and whoever is called is told of him', async () => {
    const fake = await call({ b: { always: 'c', busy: 'd' } });
    expect(fake.routed).toEqual(['a dials b', 'b dials c']);
    expect(fake.called()).toEqual(['c <sip:b@d>;reason=unconditional']);
    expect(sentOn(fake)).toMatchObject([{ by: 'b', to: 'c', reason: 'unconditional' }]);
    expect(fake.seen).toContain('caller 181');
  });

  test.each([486, 600])('when busy, is called first, and the call goes on at %i', async (status) => {
    const fake = await call({ b: { busy: 'c', noAnswer: 'x', unreachable: 'y' } });
    await fake.answers(180);
    await fake.answers(status);
    expect(fake.called()).toEqual(['b', 'c <sip:b@d>;reason=user-busy']);
    await fake.answers(200);
    expect(fake.seen).toContain('caller 200 v=0 answered');
  });

  test('when he does not answer, has it go on when his phones have rung long enough', async () => {
    const fake = await call({ b: { busy: 'x', noAnswer: 'c', unreachable: 'y' } });
    await fake.answers(180);
    fake.clock.advance(30_000);
    await fake.settle();
    expect(fake.called()).toEqual(['b', 'c <sip:b@d>;reason=no-answer']);
    expect(fake.seen).toContain('sent CANCEL');
  });

  test.each([
    ['has no phone', undefined],
    ['has one that says it is away', 480],
    ['has one that does not respond', 408],
    ['has one that breaks down', 503],
  ])('when unreachable, has it go on when he %s', async (_, status) => {
    const fake = await call(
      { b: { busy: 'x', noAnswer: 'y', unreachable: 'c' } },
      status === undefined ? { away: ['b'] } : {},
    );
    if (status !== undefined) await fake.answers(status);
    expect(fake.called().at(-1)).toBe('c <sip:b@d>;reason=unavailable');
  });

  test('is unreachable too when his phone never rings', async () => {
    const fake = await call({ b: { noAnswer: 'x', unreachable: 'c' } });
    fake.clock.advance(30_000);
    await fake.settle();
    expect(fake.called().at(-1)).toBe('c <sip:b@d>;reason=unavailable');
  });

  test.each([403, 488, 603])('and refuses one with %i, has refused it', async (status) => {
    const fake = await call({ b: { busy: 'c', noAnswer: 'c', unreachable: 'c' } });
    await fake.answers(status);
    expect(fake.called()).toEqual(['b']);
    expect(fake.seen).toContain(`caller ${String(status)}`);
  });

  test('has all his phones called before: one that rang counts for more than one that is busy', async () => {
    const fake = await call({ b: { busy: 'x', noAnswer: 'c' } }, { devices: 2, inTurn: true });
    await fake.answers(180);
    fake.clock.advance(30_000);
    await fake.settle();
    await fake.answers(486);
    expect(fake.called()).toEqual(['b', 'b', 'c <sip:b@d>;reason=no-answer']);
  });

  test('but whose phone sends it elsewhere by itself, has it go there alone', async () => {
    const fake = await call({ b: { unreachable: 'x' } });
    await fake.answers(302, { header: (name) => (name === 'contact' ? '<sip:c@d>' : undefined) });
    await fake.answers(486);
    expect(fake.called()).toEqual(['b', 'c <sip:b@d>;reason=deflection']);
    expect(fake.seen).toContain('caller 486');
  });

  test('to one who sends it on as well, is told before him', async () => {
    const fake = await call({ b: { busy: 'c' }, c: { always: 'd' } });
    await fake.answers(486);
    expect(fake.called()).toEqual(['b', 'd <sip:c@d>;reason=unconditional, <sip:b@d>;reason=user-busy']);
    expect(fake.routed).toEqual(['a dials b', 'b dials c', 'c dials d']);
  });

  test('in a circle, has the caller told so', async () => {
    const fake = await call({ b: { always: 'c' }, c: { busy: 'd' }, d: { always: 'b' } });
    await fake.answers(486);
    expect(fake.seen).toContain('caller 482');
    expect(sentOn(fake)).toMatchObject([{ to: 'c' }, { to: 'd' }]);
  });

  test('is sent on five times at most', async () => {
    const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const chain = names.map((name, index) => [name, { always: names[index + 1] ?? 'i' }]);
    const fake = await call(Object.fromEntries(chain) as Record<string, Forwards>);
    await fake.settle();
    expect(fake.routed).toHaveLength(6);
    expect(fake.seen).toContain('caller 480');
  });
});
