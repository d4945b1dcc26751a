import { FakeClock } from '@callweave/clock/testing';
import { type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { ApplicationWatch } from '../src/call/application-watch.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { response } from './fake-call.ts';

const legId = createLegId();

/**
 * A call with an application whose server answers with `status`, or nothing; what is asked and what becomes of it. It
 * `seeks` another when it has lost that one, instead of being over.
 */
function watched({
  status,
  user,
  canAsk = true,
  seeks = false,
}: {
  status: () => number | undefined;
  user?: string;
  canAsk?: boolean;
  seeks?: boolean;
}): {
  clock: FakeClock;
  asked: OutgoingRequest[];
  lost: string[];
  placeAnew: () => void;
  handOn: () => void;
} {
  const clock = new FakeClock();
  const asked: OutgoingRequest[] = [];
  const lost: string[] = [];
  let present = legId;
  const made = () =>
    ({
      state: 'talking',
      parts: {
        callId: 'call',
        users: { caller: 'alice', callee: user },
        applications: user === undefined ? { callee: { action: 'echo', params: {} } } : {},
        get callee() {
          return {
            legId: present,
            identity: { callId: 'c1', remoteTag: 'r' },
            dialog: { remoteTarget: 'sip:app@192.0.2.1' },
          };
        },
      },
      left: (side: string) => void lost.push(`${side} hung up @${String(clock.monotonicMs())}`),
      lost: (reason: string, side: string) => void lost.push(`${reason} ${side} @${String(clock.monotonicMs())}`),
    }) as unknown as EstablishedCall;
  let call = made();
  const gone = (): boolean => lost.length > 0 && !seeks;
  new ApplicationWatch({
    calls: {
      get all() {
        return gone() ? [] : [call];
      },
      byId: () => (gone() ? undefined : call),
    },
    send: (request, { responded }) => {
      asked.push(request);
      const answer = status();
      if (answer !== undefined) responded(response(answer));
      return { cancel: () => undefined };
    },
    ...{ canAsk: () => canAsk, clock, log: recordLogs() },
  });
  const placeAnew = (): void => {
    present = createLegId();
  };
  const handOn = (): void => {
    call = made();
  };
  return { clock, asked, lost, placeAnew, handOn };
}

test('an application server is asked for its calls, and one that has them keeps them', () => {
  const { clock, asked, lost } = watched({ status: () => 200 });
  clock.advance(60_000);
  expect(asked).toHaveLength(20);
  expect(asked[0]).toMatchObject({
    uri: 'sip:app@192.0.2.1',
    headers: { 'X-App-Dialog': `c1;from-tag=${legId}` },
  });
  expect(lost).toEqual([]);
});

test('a call that its application server has forgotten has lost it', () => {
  const { clock, lost } = watched({ status: () => 481 });
  clock.advance(10_000);
  expect(lost).toEqual(['node-lost callee @3000']);
});

test('one that has hung up while nobody listened is heard now', () => {
  const { clock, lost } = watched({ status: () => 410 });
  clock.advance(10_000);
  expect(lost).toEqual(['callee hung up @3000']);
});

test('one that says nothing for long is gone, and one that is slow or full is not', () => {
  const silent = watched({ status: () => undefined });
  silent.clock.advance(60_000);
  expect(silent.lost).toEqual(['node-lost callee @12000']);
  let beat = 0;
  const slow = watched({ status: () => (beat++ % 3 === 2 ? 200 : 503) });
  slow.clock.advance(60_000);
  expect(slow.lost).toEqual([]);
});

test.for([
  ['has forgotten the call', 481, 3_000, 1],
  ['says nothing', undefined, 12_000, 3],
] as const)(
  'one that %s is asked no more while another is sought, which answers for itself alone',
  ([, first, atMs, times]) => {
    let status: number | undefined = first;
    const { clock, asked, lost, placeAnew } = watched({ status: () => status, seeks: true });
    clock.advance(30_000);
    expect(asked).toHaveLength(times);
    placeAnew();
    status = 200;
    clock.advance(30_000);
    expect(asked).toHaveLength(times + 10);
    expect(lost).toEqual([`node-lost callee @${String(atMs)}`]);
  },
);

test('a call that goes on in other hands while it seeks is asked for anew', () => {
  const { clock, asked, lost, handOn } = watched({ status: () => 481, seeks: true });
  clock.advance(9_000);
  expect(asked).toHaveLength(1);
  handOn();
  clock.advance(3_000);
  expect([asked.length, lost]).toEqual([2, ['node-lost callee @3000', 'node-lost callee @12000']]);
});

test('nobody is asked for calls between phones, nor while our engine cannot ask', () => {
  for (const each of [{ user: 'bob' }, { canAsk: false }]) {
    const { clock, asked, lost } = watched({ status: () => undefined, ...each });
    clock.advance(60_000);
    expect([asked, lost]).toEqual([[], []]);
  }
});
