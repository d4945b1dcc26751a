import { FakeClock } from '@callweave/clock/testing';
import { type Binding, type FlowToken, InstanceId, type Tenant, type User } from '@callweave/contracts';
import { type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { type SendRequest } from '../src/leg/leg.ts';
import { EdgeLostError } from '../src/remote-leg/errors.ts';
import { follow } from '../src/survive/follow.ts';
import { outlive } from '../src/survive/outlive.ts';
import { type Way, Whereabouts } from '../src/survive/whereabouts.ts';
import { response } from './fake-call.ts';

const here = InstanceId.parse('aaaaaaaaaaaaaaaa');
const there = InstanceId.parse('bbbbbbbbbbbbbbbb');
const dead = InstanceId.parse('cccccccccccccccc');
const contact = 'sip:x1@abc.invalid;transport=ws';

describe('where a device is', () => {
  /** The way to it, by these bindings of its user; their flows are what they say. */
  function find(bindings: readonly Partial<Binding>[], known: { remoteTarget?: string; instanceId?: string } = {}) {
    const flows = {
      open: (token: FlowToken) => {
        const [instance = '', transport = '', remote = ''] = token.split(' ');
        return token === '' ? undefined : { instance: instance as InstanceId, transport, remote, local: '' };
      },
      instance: () => here,
    };
    const locator = { lookup: () => Promise.resolve({ kind: 'bindings' as const, bindings: bindings as Binding[] }) };
    const whereabouts = new Whereabouts({ locator, flows, holders: () => [there] });
    return whereabouts.find({ tenant: 't' as Tenant, user: 'a' as User, remoteTarget: contact, ...known });
  }
  const flow = (edge: InstanceId, rest = 'ws 192.0.2.1:4000'): FlowToken => `${edge} ${rest}` as FlowToken;

  test('is where the contact of its dialog is registered, whatever parameters that has', async () => {
    const bindings = [
      { contact: 'sip:x2@abc.invalid', flow: flow(there) },
      { contact, flow: flow(there) },
    ];
    expect(await find(bindings)).toEqual({ edge: there, nextHop: 'sip:192.0.2.1:4000;transport=ws' });
    expect(await find(bindings, { remoteTarget: 'sip:x1@ABC.invalid;ob' })).toMatchObject({ edge: there });
    expect(await find(bindings, { remoteTarget: 'sip:x1@abc.example' })).toBeUndefined();
  });

  test('is where its user and host are registered by the port of another connection, if that is one place', async () => {
    const at = (port: number): Partial<Binding> => ({
      contact: `sip:a-1@10.0.0.5:${String(port)};transport=tcp`,
      flow: flow(there, `tcp 192.0.2.1:${String(port)}`),
    });
    const known = { remoteTarget: 'sip:a-1@10.0.0.5:4000;transport=tcp' };
    expect(await find([at(5_000)], known)).toEqual({ edge: there, nextHop: 'sip:192.0.2.1:5000;transport=tcp' });
    expect(await find([at(5_000), at(4_000)], known)).toMatchObject({ nextHop: 'sip:192.0.2.1:4000;transport=tcp' });
    expect(await find([at(5_000), at(6_000)], known)).toBeUndefined();
  });

  test('is where its instance is registered, by another contact', async () => {
    const instanceId = '<urn:uuid:1>';
    const bindings = [
      { contact: 'sip:a@192.0.2.1:1', instanceId, flow: flow(there, 'tls 192.0.2.1:1'), expiresAt: 1 },
      { contact: 'sip:a@192.0.2.1:2', instanceId, flow: flow(here, 'tls 192.0.2.1:2'), expiresAt: 2 },
    ] as Partial<Binding>[];
    const latest = { edge: here, nextHop: 'sip:192.0.2.1:2;transport=tls' };
    expect(await find(bindings, { instanceId })).toEqual(latest);
    expect(await find(bindings, { instanceId: '<urn:uuid:2>' })).toBeUndefined();
  });

  test('is unknown while its connection leads to nobody who lives, or it has none', async () => {
    for (const token of [flow(dead), flow(there, 'udp 192.0.2.1:4000'), '' as FlowToken])
      expect(await find([{ contact, flow: token }])).toBeUndefined();
  });
});

/** Something that sends, and what it was given. */
function sender(): {
  send: SendRequest;
  sent: { request: OutgoingRequest; events: OutgoingEvents; isCancelled: boolean }[];
} {
  const sent: { request: OutgoingRequest; events: OutgoingEvents; isCancelled: boolean }[] = [];
  const send: SendRequest = (request, events) => {
    const one = { request, events, isCancelled: false };
    sent.push(one);
    return { cancel: () => (one.isCancelled = true) };
  };
  return { send, sent };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** What the asker is told. */
function asker(): { events: OutgoingEvents; seen: string[] } {
  const seen: string[] = [];
  return { events: { responded: ({ status }) => seen.push(String(status)), failed: () => seen.push('failed') }, seen };
}

describe('a request for a device that is followed', () => {
  function setUp(first?: Way) {
    const clock = new FakeClock();
    const [last, through] = [sender(), sender()];
    const edges: unknown[] = [];
    const world = { way: first };
    const log = recordLogs();
    const send = follow({
      find: () => Promise.resolve(world.way),
      last: last.send,
      sendThrough: (edge) => {
        edges.push(edge);
        return through.send;
      },
      clock,
      log,
    });
    const wait = async (sec: number): Promise<void> => {
      for (let i = 0; i < sec; i++) {
        clock.advance(1_000);
        await settle();
      }
    };
    return { world, send, last: last.sent, through: through.sent, edges, wait, logged: log.lines };
  }
  const request = { method: 'INVITE', uri: contact, nextHop: 'sip:192.0.2.1:1;transport=ws' };
  const way: Way = { edge: there, nextHop: 'sip:192.0.2.1:2;transport=ws' };

  test('goes where that is registered now', async () => {
    const { send, through, edges } = setUp(way);
    const { events, seen } = asker();
    send(request, events);
    await settle();
    expect([edges, through[0]?.request.nextHop]).toEqual([[there], way.nextHop]);
    for (const status of [100, 200, 200]) through[0]?.events.responded(response(status));
    expect(seen).toEqual(['100', '200']);
  });

  test('waits until that is back, and goes the way it went when it does not come, which is logged', async () => {
    const { world, send, last, through, wait, logged } = setUp();
    const [one, other] = [asker(), asker()];
    send(request, one.events);
    await wait(3);
    world.way = way;
    await wait(1);
    expect(through).toHaveLength(1);
    through[0]?.events.responded(response(200));
    world.way = undefined;
    send(request, other.events);
    await wait(9);
    expect(last[0]?.request).toEqual(request);
    const fields = { method: 'INVITE', uri: contact };
    expect(logged).toEqual([{ level: 'warn', event: 'device.not-found', fields }]);
    last[0]?.events.failed(new Error('no connection'));
    expect([one.seen, other.seen]).toEqual([['200'], ['failed']]);
  });

  test('goes again where nobody was reached, as long as somebody waits for it', async () => {
    const { send, through, wait } = setUp(way);
    const { events, seen } = asker();
    send(request, events);
    await settle();
    through[0]?.events.failed(new Error('gone'));
    await wait(1);
    through[1]?.events.responded({ ...response(503), source: '' });
    await wait(1);
    expect([through.length, seen]).toEqual([3, []]);
    await wait(8);
    through[2]?.events.failed(new Error('gone'));
    expect(seen).toEqual(['failed']);
  });

  test('that is a BYE goes after a device which has another connection before it has answered', async () => {
    const { world, send, through, wait } = setUp(way);
    const { events, seen } = asker();
    send({ ...request, method: 'BYE' }, events);
    await wait(12);
    world.way = { ...way, nextHop: 'sip:192.0.2.1:3;transport=ws' };
    await wait(1);
    expect(through.map(({ request: { nextHop } }) => nextHop)).toEqual([way.nextHop, world.way.nextHop]);
    through[1]?.events.responded(response(200));
    through[0]?.events.failed(new Error('gone'));
    expect(seen).toEqual(['200']);
  });

  test('that is given up before its device is back is not logged', async () => {
    const { send, wait, logged } = setUp();
    send(request, asker().events).cancel();
    await wait(2);
    expect(logged).toEqual([]);
  });

  test('is cancelled wherever it is', async () => {
    const { send, through } = setUp(way);
    const sent = send(request, asker().events);
    sent.cancel();
    await settle();
    expect(through[0]?.isCancelled).toBe(true);
  });
});

describe('a request in a dialog that the engine of another edge has', () => {
  const inDialog = { method: 'INFO', uri: 'sip:placeholder', dialogId: 'call;from-tag=leg' };

  test('goes without that engine when its edge is gone, and for no other reason', () => {
    const [first, alone] = [sender(), sender()];
    const send = outlive(first.send, () => alone.send, new FakeClock());
    const { events, seen } = asker();
    send(inDialog, events);
    send(inDialog, events);
    first.sent[0]?.events.failed(new Error('refused'));
    expect([seen, alone.sent]).toEqual([['failed'], []]);
    first.sent[1]?.events.failed(new EdgeLostError(there));
    alone.sent[0]?.events.responded(response(200));
    expect(seen).toEqual(['failed', '200']);
  });

  test('that is a BYE does so when nobody answers it, though its call is over', () => {
    const [first, alone] = [sender(), sender()];
    const clock = new FakeClock();
    let isOver = false;
    const send = outlive(first.send, () => (isOver ? undefined : alone.send), clock);
    const { events, seen } = asker();
    send({ ...inDialog, method: 'BYE' }, events);
    send({ ...inDialog, method: 'BYE' }, events);
    isOver = true;
    first.sent[0]?.events.responded(response(200));
    clock.advance(2_000);
    expect(alone.sent).toHaveLength(1);
    alone.sent[0]?.events.responded(response(200));
    first.sent[1]?.events.failed(new EdgeLostError(there));
    expect(seen).toEqual(['200', '200']);
  });
});
