import { randomBytes } from 'node:crypto';
import { FakeClock } from '@callweave/clock/testing';
import { type InstanceId } from '@callweave/contracts';
import { type IncomingRequest, type OutgoingEvents, type OutgoingRequest, type Reply } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { Beginnings } from '../src/subscribe/beginnings.ts';
import { SubscriptionRelay } from '../src/subscribe/relay.ts';
import { type Side, SideSealer } from '../src/subscribe/side.ts';
import { edge, fakeRequest, response } from './fake-call.ts';

const side: Side = {
  callId: 'c2',
  localTag: 'ours',
  remoteTag: 'watcher',
  localUri: '<sip:b@d>',
  remoteUri: '<sip:w@d>',
  remoteTarget: 'sip:w@192.0.2.9',
  nextHop: undefined,
  edge,
  routeSet: ['sip:proxy.example;lr'],
  otherRouteSet: undefined,
};
const key = randomBytes(32);

describe('a side of a subscription', () => {
  test('stands in a URI that every edge can read', () => {
    const sealed = new SideSealer(key).seal(side);
    expect(sealed).toMatch(/^sub-[A-Za-z0-9_-]+$/);
    expect(new SideSealer(key).open(sealed)).toEqual(side);
  });

  test.each<[string, (sealed: string) => string]>([
    ['is cut off', (sealed) => sealed.slice(0, -4)],
    ['was changed', (sealed) => sealed.replace(/.(?=.{20}$)/, (one) => (one === 'A' ? 'B' : 'A'))],
    ['is empty', () => 'sub-'],
    ['was sealed by somebody else', () => new SideSealer(randomBytes(32)).seal(side)],
    ['is a user', () => 'bob'],
  ])('is nobody’s when it %s', (_name, change) => {
    const sealer = new SideSealer(key);
    expect(sealer.open(change(sealer.seal(side)))).toBeUndefined();
  });
});

interface World {
  readonly sent: OutgoingRequest[];
  /** The edges they were sent by. */
  readonly ways: (InstanceId | undefined)[];
  readonly replies: Reply[];
  readonly pass: (request: Partial<IncomingRequest>, heard?: (events: OutgoingEvents) => void) => Promise<void>;
}

/** An edge that has never heard of the subscription. */
function anyEdge(): World {
  const sent: OutgoingRequest[] = [];
  const ways: (InstanceId | undefined)[] = [];
  const replies: Reply[] = [];
  let hear = (events: OutgoingEvents): void => events.responded(response(200));
  const sealer = new SideSealer(key);
  const relay = new SubscriptionRelay({
    owner: () => edge,
    sealer,
    beginnings: new Beginnings(new FakeClock()),
    sendThrough: (through) => (request, events) => {
      sent.push(request);
      ways.push(through);
      queueMicrotask(() => hear(events));
      return { cancel: () => undefined };
    },
  });
  return {
    sent,
    ways,
    replies,
    pass: async (fields, heard) => {
      if (heard !== undefined) hear = heard;
      const uri = `sip:${sealer.seal(side)}@edge.example`;
      const request = { ...fakeRequest('NOTIFY', (reply) => replies.push(reply)), uri, ...fields };
      const to = relay.sideOf(request);
      if (to !== undefined) await relay.pass(request, to);
    },
  };
}

/** Headers of a NOTIFY with our tag in To. */
function headers(added: Readonly<Record<string, string>> = {}): Pick<IncomingRequest, 'header'> {
  const all: Record<string, string> = {
    from: '<sip:b@d>;tag=device',
    to: '<sip:w@d>;tag=ours',
    'call-id': 'ours',
    cseq: '7 NOTIFY',
    contact: '<sip:b@192.0.2.1>',
    event: 'presence',
    'subscription-state': 'active;expires=60',
    ...added,
  };
  return { header: (name) => all[name.toLowerCase()] };
}

describe('a NOTIFY', () => {
  test('goes to the subscriber from any edge, in his dialog, under the number it came with', async () => {
    const any = anyEdge();
    await any.pass(headers());
    expect(any.sent).toMatchObject([
      {
        method: 'NOTIFY',
        uri: 'sip:w@192.0.2.9',
        headers: {
          'Call-ID': 'c2',
          From: '<sip:b@d>;tag=ours',
          To: '<sip:w@d>;tag=watcher',
          CSeq: '7 NOTIFY',
          Route: ['<sip:proxy.example;lr>'],
          event: 'presence',
          'subscription-state': 'active;expires=60',
        },
      },
    ]);
    expect(any.ways).toEqual([side.edge]);
    expect(any.replies).toMatchObject([{ status: 200 }]);
  });

  test('of one who has not got the dialog is refused, and goes nowhere', async () => {
    const any = anyEdge();
    await any.pass(headers({ to: '<sip:w@d>;tag=guessed' }));
    expect([any.sent, any.replies]).toEqual([[], [{ status: 481 }]]);
  });

  test('without a Contact is refused', async () => {
    const any = anyEdge();
    await any.pass({ header: (name) => (name === 'contact' ? undefined : headers().header(name)) });
    expect(any.replies).toMatchObject([{ status: 400 }]);
  });

  test.each<[string, number, (events: OutgoingEvents) => void]>([
    ['knows it no more', 481, (events) => events.responded(response(481))],
    ['is overloaded', 500, (events) => events.responded(response(503))],
    ['wants credentials that only we could have', 403, (events) => events.responded(response(401))],
    ['wants them as a proxy', 403, (events) => events.responded(response(407))],
    ['cannot be reached', 481, (events) => events.failed(new Error('no way'))],
  ])('to a subscriber who %s is answered %i', async (_name, status, heard) => {
    const any = anyEdge();
    await any.pass(headers(), heard);
    expect(any.replies).toMatchObject([{ status }]);
  });

  test('of a call is no business of subscriptions', async () => {
    const any = anyEdge();
    await any.pass({ uri: 'sip:callweave@edge.example' });
    expect(any.replies).toEqual([]);
  });
});

test('a NOTIFY that overtakes the answer to its SUBSCRIBE waits for it, but not for ever', async () => {
  const clock = new FakeClock();
  const beginnings = new Beginnings(clock);
  const seen: string[] = [];
  const wait = (tag: string): Promise<void> => beginnings.over(tag).then(() => void seen.push(tag));
  beginnings.begin('answered');
  beginnings.begin('silent');
  const waiting = [wait('answered'), wait('silent'), wait('of another edge')];
  await waiting[2];
  expect(seen).toEqual(['of another edge']);
  beginnings.end('answered');
  await waiting[0];
  clock.advance(1_000);
  await waiting[1];
  expect(seen).toEqual(['of another edge', 'answered', 'silent']);
});
