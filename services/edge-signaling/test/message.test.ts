import { FakeClock } from '@callweave/clock/testing';
import { defaultTenant, EpochMs, FlowToken, type Forwards, User } from '@callweave/contracts';
import { type OutgoingEvents, type OutgoingRequest, type Reply } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { type MessageDeps, messageHandler } from '../src/message/handle-message.ts';
import { binding, edge, fakeRequest, response } from './fake-call.ts';

interface World {
  readonly replies: Reply[];
  readonly sent: { readonly request: OutgoingRequest; readonly events: OutgoingEvents }[];
  /** What the devices answer, in the order in which they were asked. */
  readonly answers: (...statuses: number[]) => Promise<void>;
}

/** A message to a user with devices of these q-values. */
async function message(qs: readonly number[], more: Partial<MessageDeps> = {}, text = 'hello'): Promise<World> {
  const replies: Reply[] = [];
  const sent: { request: OutgoingRequest; events: OutgoingEvents }[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
  };
  const handle = messageHandler({
    authenticator: {
      challenge: () => Promise.resolve({ kind: 'challenged', challenges: ['Digest'] }),
      verify: ({ user }) => Promise.resolve({ kind: 'verified', user }),
    },
    tenants: {
      byDomain: (domain) => ({ tenant: defaultTenant, realm: 'callweave', domain }),
      domainOf: (_tenant, asked) => asked,
    },
    trunks: { bySource: () => undefined },
    notReady: () => undefined,
    router: {
      route: ({ dialled }) =>
        Promise.resolve({ kind: 'targets', targets: [{ kind: 'user', user: User.parse(dialled), ringSec: 30 }] }),
    },
    locator: {
      lookup: () =>
        Promise.resolve({
          kind: 'bindings',
          bindings: qs.map((q, index) => ({
            contact: `sip:b@192.0.2.${String(index)}`,
            ...{ q, expiresAt: EpochMs.parse(0), callId: 'r', cseq: 1, edge, path: [], told: 'added', sequence: 1 },
            flow: FlowToken.parse(String(index)),
          })),
        }),
      exists: () => Promise.resolve(false),
    },
    flows: { open: () => undefined, instance: () => edge },
    applicationServer: () => undefined,
    sendThrough: () => (request, events) => {
      sent.push({ request, events });
      return { cancel: () => undefined };
    },
    clock: new FakeClock(),
    ...more,
  });
  const request = fakeRequest('MESSAGE', (reply) => replies.push(reply));
  const headers: Readonly<Record<string, string>> = {
    'content-type': 'text/plain',
    'proxy-authorization':
      'Digest username="a", realm="callweave", nonce="n", uri="sip:b@d", response="00000000000000000000000000000000"',
  };
  void handle({ ...request, header: (name) => headers[name] ?? request.header(name), body: text });
  await settle();
  return {
    replies,
    sent,
    answers: async (...statuses) => {
      for (const status of statuses) sent.shift()?.events.responded(response(status));
      await settle();
    },
  };
}

/** A router that knows what users have set. */
function forwarding(forwards: Readonly<Record<string, Forwards>>): Pick<MessageDeps, 'router'> {
  const target = (dialled: string) =>
    ({ kind: 'user', user: User.parse(dialled), ringSec: 30, forwards: forwards[dialled] }) as const;
  return { router: { route: ({ dialled }) => Promise.resolve({ kind: 'targets', targets: [target(dialled)] }) } };
}

describe('a message to a user who has his calls sent on', () => {
  test('always, goes there and not to him, and who gets it is told of him', async () => {
    const { sent, answers, replies } = await message([1], forwarding({ b: { always: 'c' } }));
    expect(sent.map(({ request: { headers } }) => headers?.['Diversion'])).toEqual(['<sip:b@d>;reason=unconditional']);
    await answers(200);
    expect(replies).toEqual([{ status: 200 }]);
  });

  test.each([480, 408, 503])(
    'when he cannot be reached, goes there once his device has answered %i',
    async (status) => {
      const { sent, answers, replies } = await message([1], forwarding({ b: { unreachable: 'c', busy: 'x' } }));
      await answers(status);
      expect(sent.map(({ request: { headers } }) => headers?.['Diversion'])).toEqual(['<sip:b@d>;reason=unavailable']);
      await answers(202);
      expect(replies).toEqual([{ status: 202 }]);
    },
  );

  test('when he has no device, goes there at once', async () => {
    const lookup: MessageDeps['locator']['lookup'] = (_tenant, user) =>
      Promise.resolve({ kind: 'bindings', bindings: user === 'c' ? [binding('c', 0, false)] : [] });
    const locator = { lookup, exists: () => Promise.resolve(true) };
    const { sent } = await message([], { ...forwarding({ b: { unreachable: 'c' } }), locator });
    expect(sent.map(({ request: { uri } }) => uri)).toEqual(['sip:c@192.0.2.2']);
  });

  test.each([486, 415, 403])('goes no further when his device has answered %i', async (status) => {
    const { answers, replies } = await message([1], forwarding({ b: { unreachable: 'c', busy: 'c' } }));
    await answers(status);
    expect(replies).toEqual([{ status }]);
  });

  test('in a circle, is refused as a loop', async () => {
    const { replies } = await message([1], forwarding({ b: { always: 'c' }, c: { always: 'b' } }));
    expect(replies).toEqual([{ status: 482 }]);
  });
});

describe('a message', () => {
  test('goes to all devices at once as it is, and the first to take it answers for all', async () => {
    const { sent, answers, replies } = await message([1, 1]);
    expect(sent.map(({ request }) => [request.method, request.uri, request.body])).toEqual([
      ['MESSAGE', 'sip:b@192.0.2.0', 'hello'],
      ['MESSAGE', 'sip:b@192.0.2.1', 'hello'],
    ]);
    expect(sent[0]?.request.headers).toMatchObject({ 'content-type': 'text/plain', To: '<sip:b@d>' });
    await answers(486, 202);
    expect(replies).toEqual([{ status: 202 }]);
  });

  test('goes to the next devices when none of the first takes it, and is refused with the best reason', async () => {
    const { sent, answers, replies } = await message([1, 0.5]);
    await answers(503);
    expect(sent.map(({ request }) => request.uri)).toEqual(['sip:b@192.0.2.1']);
    await answers(415);
    expect(replies).toEqual([{ status: 415 }]);
  });

  test('that is declined for all devices, or sent elsewhere, goes no further', async () => {
    const declined = await message([1, 0.5]);
    await declined.answers(603);
    expect(declined.replies).toEqual([{ status: 603 }]);
    const moved = await message([1]);
    await moved.answers(302);
    expect(moved.replies).toEqual([{ status: 480 }]);
  });

  test.each([401, 407])(
    'whose device asks for credentials (%i) is refused: nobody is to prove himself to it',
    async (status) => {
      const { answers, replies } = await message([1]);
      await answers(status);
      expect(replies).toEqual([{ status: 403 }]);
    },
  );

  test('to nobody, of nobody, or too long is refused', async () => {
    expect((await message([])).replies).toEqual([{ status: 404 }]);
    expect((await message([1], { notReady: () => 'draining' })).replies).toMatchObject([{ status: 503 }]);
    expect((await message([1], {}, 'x'.repeat(70_000))).replies).toEqual([{ status: 413 }]);
    const denied = { challenge: () => Promise.resolve({ kind: 'unavailable' as const }) };
    const authenticator = { ...denied, verify: () => Promise.resolve({ kind: 'denied' as const }) };
    expect((await message([1], { authenticator })).replies).toEqual([{ status: 403 }]);
  });
});

test('a message from a trunk, which has proved to be nobody, goes nowhere', async () => {
  const trunk = { tenant: defaultTenant, trunk: 'pbx', networks: ['192.0.2.1/32'] };
  const { replies, sent } = await message([1], { trunks: { bySource: () => trunk } });
  expect([replies, sent]).toEqual([[{ status: 403 }], []]);
});
