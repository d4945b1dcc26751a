import { FakeClock } from '@callweave/clock/testing';
import { ContractError, defineRequest, type InstanceId } from '@callweave/contracts';
import { ErrorCode, headers, NatsError, ServiceErrorCodeHeader, ServiceErrorHeader } from 'nats';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encode } from '../src/codec.ts';
import { BusUnavailableError } from '../src/errors.ts';
import { ATTEMPT_END_HEADER, DEADLINE_HEADER, INSTANCE_HEADER, REPEATED_HEADER } from '../src/headers.ts';
import { InstanceTable } from '../src/instance-table.ts';
import { type Asker, type AskOptions, Requester } from '../src/requester.ts';

const weather = defineRequest('callweave.rpc.test.weather', {
  service: 'test',
  summary: 'A question for these tests.',
  request: z.object({ place: z.string() }),
  response: z.object({ sky: z.string() }),
});

type Behaviour = 'answers' | 'is silent' | 'is absent' | 'is overloaded' | 'is not ready' | 'fails' | 'talks nonsense';

/** A service whose members behave as told; `group` is whoever the queue group happens to pick. */
function recordAsks(members: Record<string, Behaviour>) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const repeated: string[] = [];
  const deadlines: number[] = [];
  const timeouts: number[] = [];
  const attemptEnds: number[] = [];
  const directory = new InstanceTable(clock);
  const state = { connected: true };
  let revision = 0;
  const renew = (...names: string[]): void => {
    for (const name of names) directory.renew(leaseOf(name), ++revision);
  };
  const nc: Asker = {
    request: (subject, _payload, { timeout, headers: hdrs }) => {
      const name = subject === weather.subject({}) ? 'group' : (subject.split('.').at(-1) ?? '');
      seen.push(`${name} @${String(clock.monotonicMs())}`);
      if (hdrs.has(REPEATED_HEADER)) repeated.push(name);
      deadlines.push(Number(hdrs.get(DEADLINE_HEADER)) - clock.epochMs());
      timeouts.push(timeout);
      attemptEnds.push(Number(hdrs.get(ATTEMPT_END_HEADER)) - clock.epochMs());
      return behave(members[name] ?? 'is absent', name, timeout, clock);
    },
  };
  const connected = (what: string): Promise<void> =>
    state.connected ? Promise.resolve() : Promise.reject(new BusUnavailableError(what));
  const requester = new Requester({ nc, connected, directory, clock });
  const ask = (options: AskOptions = { deadlineMs: 2_000 }) =>
    settle(clock, requester.ask(weather, {}, { place: 'Linz' }, options));
  return { clock, seen, repeated, deadlines, timeouts, attemptEnds, directory, renew, state, ask, members };
}

function leaseOf(name: string): Parameters<InstanceTable['renew']>[0] {
  return { service: 'test', instance: name as InstanceId, version: '1.0.0', startedAt: 0 };
}

function behave(behaviour: Behaviour, name: string, timeoutMs: number, clock: FakeClock): ReturnType<Asker['request']> {
  const hdrs = headers();
  hdrs.set(INSTANCE_HEADER, name === 'group' ? 'a' : name);
  const refuse = (status: number, why = 'no') => {
    hdrs.set(ServiceErrorCodeHeader, String(status));
    hdrs.set(ServiceErrorHeader, why);
    return Promise.resolve({ data: new Uint8Array(), headers: hdrs });
  };
  switch (behaviour) {
    case 'answers':
      return Promise.resolve({ data: encode({ sky: name }), headers: hdrs });
    case 'talks nonsense':
      return Promise.resolve({ data: encode({ sky: 7 }), headers: hdrs });
    case 'is overloaded':
      return refuse(503, 'overloaded');
    case 'is not ready':
      return refuse(503, 'waking up');
    case 'fails':
      return refuse(500);
    case 'is absent':
      return Promise.reject(new NatsError('none', ErrorCode.NoResponders));
    case 'is silent':
      return new Promise((_, reject) => {
        clock.after(timeoutMs, () => reject(new NatsError('timeout', ErrorCode.Timeout)));
      });
  }
}

/** Moves the clock on until `work` is settled, and tells how it ended. */
async function settle<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const state = { settled: false };
  const watched = work.finally(() => (state.settled = true));
  watched.catch(() => undefined);
  const isSettled = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve));
    return state.settled;
  };
  while (!(await isSettled())) clock.advance(10);
  return watched;
}

describe('asking a question', () => {
  test('goes to the queue group first', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'answers', a: 'answers' });
    renew('a', 'b');
    expect(await ask()).toEqual({ sky: 'group' });
    expect(seen).toEqual(['group @0']);
  });

  test('is repeated by name and never to the group again', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'is silent', a: 'is silent', b: 'answers' });
    renew('a', 'b');
    expect(await ask()).toEqual({ sky: 'b' });
    expect(seen).toEqual(['group @0', 'a @400', 'b @1200']);
  });

  test('is marked as repeated for everybody after one who was silent, but not after one who refused', async () => {
    const { ask, renew, repeated } = recordAsks({ a: 'is overloaded', b: 'is silent', c: 'answers' });
    renew('a', 'b', 'c');
    await ask({ deadlineMs: 2_000, first: 'a' });
    expect(repeated).toEqual(['c']);
  });

  test('goes to the instance that is named, before anyone else', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'answers', a: 'answers', b: 'answers' });
    renew('a', 'b');
    expect(await ask({ deadlineMs: 1_000, first: 'b' })).toEqual({ sky: 'b' });
    expect(seen).toEqual(['b @0']);
  });

  test('turns to another at once when the named instance is gone', async () => {
    const { ask, seen, renew } = recordAsks({ b: 'answers' });
    renew('b');
    expect(await ask({ deadlineMs: 1_000, first: 'a' })).toEqual({ sky: 'b' });
    expect(seen).toEqual(['a @0', 'b @0']);
  });

  test('does not wait again for an instance that was silent, named or not, until it shows life', async () => {
    const { ask, seen, renew, members } = recordAsks({ group: 'answers', a: 'is silent', b: 'answers' });
    renew('a', 'b');
    await ask({ deadlineMs: 1_000, first: 'a' });
    members['a'] = 'answers';
    await ask({ deadlineMs: 1_000, first: 'a' });
    await ask();
    renew('a');
    await ask({ deadlineMs: 1_000, first: 'a' });
    await ask();
    expect(seen).toEqual(['a @0', 'b @400', 'b @400', 'b @400', 'a @400', 'group @400']);
  });

  test('avoids the queue group after it was silent, until every member has shown life', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'is silent', a: 'is silent', b: 'answers' });
    renew('a', 'b');
    await ask();
    await ask();
    await ask();
    expect(seen).toEqual(['group @0', 'a @400', 'b @1200', 'b @1200', 'b @1200']);
  });

  test('avoids a queue group that was silent even when the first one asked by name answers', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'is silent', a: 'is silent', b: 'answers' });
    renew('b', 'a');
    await ask();
    await ask();
    expect(seen).toEqual(['group @0', 'b @400', 'b @400']);
  });

  test('goes from an overloaded instance to another, and is not repeated to the one that refused', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'is overloaded', a: 'is overloaded', b: 'answers' });
    renew('a', 'b');
    expect(await ask()).toEqual({ sky: 'b' });
    expect(seen).toEqual(['group @0', 'b @0']);
  });

  test('fails as overloaded when everybody refuses, without waiting for the deadline', async () => {
    const { ask, seen, renew, clock } = recordAsks({ group: 'is overloaded', a: 'answers', b: 'is overloaded' });
    renew('a', 'b');
    await expect(ask()).rejects.toMatchObject({ code: 'REQUEST_FAILED', status: 503 });
    expect(seen).toEqual(['group @0', 'b @0']);
    expect(clock.monotonicMs()).toBe(0);
  });

  test('comes back to an instance that was not ready, until the deadline', async () => {
    const { ask, seen, renew, clock } = recordAsks({ group: 'is not ready', a: 'is not ready' });
    renew('a');
    const asked = expect(ask()).rejects.toMatchObject({ code: 'REQUEST_FAILED', status: 503 });
    for (let i = 0; i < 200; i++) {
      await Promise.resolve();
      clock.advance(50);
    }
    await asked;
    expect(seen.filter((line) => line.startsWith('a @')).length).toBeGreaterThan(2);
  });

  test('fails at once when the service fails', async () => {
    const { ask, seen, renew } = recordAsks({ group: 'fails', a: 'answers' });
    renew('a');
    await expect(ask()).rejects.toMatchObject({ code: 'REQUEST_FAILED', status: 500 });
    expect(seen).toEqual(['group @0']);
  });

  test('ends at its deadline with the names that were asked', async () => {
    const { ask, clock, deadlines, timeouts, attemptEnds, renew } = recordAsks({ group: 'is silent', a: 'is silent' });
    renew('a');
    await expect(ask({ deadlineMs: 1_000 })).rejects.toMatchObject({ code: 'NO_ANSWER', asked: ['a'] });
    expect(clock.monotonicMs()).toBe(1_000);
    expect(deadlines).toEqual([1_000, 600]);
    expect(timeouts).toEqual([400, 600]);
    expect(attemptEnds).toEqual(timeouts);
  });

  test('waits for an instance to come up while its deadline lasts', async () => {
    const { ask, clock, seen, renew } = recordAsks({ a: 'answers' });
    clock.after(500, () => renew('a'));
    expect(await ask()).toEqual({ sky: 'a' });
    expect(seen).toHaveLength(2);
    expect(clock.monotonicMs()).toBeLessThan(1_100);
  });

  test('fails at once without a connection', async () => {
    const { ask, state, seen } = recordAsks({ group: 'answers' });
    state.connected = false;
    await expect(ask()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(seen).toEqual([]);
  });

  test('refuses an answer that breaks the contract', async () => {
    const { ask } = recordAsks({ group: 'talks nonsense' });
    await expect(ask()).rejects.toBeInstanceOf(ContractError);
  });
});
