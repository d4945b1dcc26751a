import { FakeClock } from '@callweave/clock/testing';
import {
  defaultTenant,
  FlowToken,
  InstanceId,
  type RegisterRequest,
  type RegisterResponse,
  User,
  type VerifyResponse,
} from '@callweave/contracts';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { type Unavailable } from '../src/ports.ts';
import { MAX_HELD, RegisterHandler } from '../src/register/handle-register.ts';

const DIGEST = 'Digest username="alice", realm="callweave", nonce="n", uri="sip:example.org", response="aa"';
const usual: Record<string, string> = {
  via: 'SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport',
  to: '<sip:alice@example.org>',
  from: '<sip:alice@example.org>;tag=1',
  'call-id': 'c1',
  cseq: '7 REGISTER',
  contact: '<sip:alice@10.0.0.5:5060;transport=udp>;expires=300',
  authorization: DIGEST,
};

interface World {
  verdict?: VerifyResponse | Unavailable;
  registration?: RegisterResponse | Unavailable;
  notReady?: string;
}

function world({ verdict, registration, notReady }: World = {}) {
  const registered: RegisterRequest[] = [];
  const handler = new RegisterHandler({
    authenticator: {
      challenge: () => Promise.resolve({ kind: 'challenged', challenges: ['Digest realm="callweave"'] }),
      verify: () => Promise.resolve(verdict ?? { kind: 'verified', user: User.parse('alice') }),
    },
    registrar: {
      register: (request) => {
        registered.push(request);
        const contacts = [
          { contact: 'sip:alice@10.0.0.5:5060', expiresSec: 300, q: 0.5, instanceId: '<urn:x>', regId: 1 },
        ];
        return Promise.resolve(registration ?? { kind: 'registered', contacts });
      },
      flowClosed: () => Promise.resolve({ removed: 0 }),
    },
    tenants: { byDomain: (domain) => ({ tenant: defaultTenant, realm: 'callweave', domain }) },
    notReady: () => notReady,
    engineInstance: () => InstanceId.parse('abcdefghijklmnop'),
    ownAddress: () => '198.51.100.1:5060',
    sealFlow: ({ remote }) => FlowToken.parse(`flow-${remote}`),
    clock: new FakeClock(0),
  });
  const send = async (headers: Record<string, string | undefined> = {}, transport = 'udp'): Promise<Reply> => {
    const all = { ...usual, ...headers };
    let reply: Reply | undefined;
    const request: IncomingRequest = {
      method: 'REGISTER',
      uri: 'sip:example.org',
      header: (name) => all[name],
      transport,
      source: '203.0.113.9:40000',
      receivedOn: '198.51.100.1:5060',
      body: undefined,
      isFromEngine: false,
      onCancel: () => undefined,
      reply: (sent) => {
        reply = sent;
        return Promise.resolve();
      },
    };
    await handler.handle(request);
    if (reply === undefined) throw new Error('no reply');
    return reply;
  };
  return { handler, registered, send };
}

describe('REGISTER at the edge', () => {
  test('without credentials the answer is 401 with the challenges', async () => {
    const reply = await world().send({ authorization: undefined });
    expect(reply).toEqual({ status: 401, headers: { 'WWW-Authenticate': ['Digest realm="callweave"'] } });
  });

  test('with good credentials it is stored with its flow, and answered with bindings, Path and Service-Route', async () => {
    const { send, registered } = world();
    const reply = await send({ path: '<sip:proxy.example.org;lr>' });
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      Contact: ['<sip:alice@10.0.0.5:5060>;expires=300;q=0.5;+sip.instance="<urn:x>";reg-id=1'],
      Path: ['<sip:proxy.example.org;lr>'],
      'Service-Route': '<sip:198.51.100.1:5060;lr>',
    });
    const flow = 'flow-203.0.113.9:40000';
    expect(registered).toMatchObject([{ user: 'alice', cseq: 7, flow, path: ['<sip:proxy.example.org;lr>'] }]);
    expect(registered[0]).toMatchObject({ received: undefined, keepAlive: undefined });
  });

  test('a device whose Contact is not where it is seen is behind a NAT, and is kept there when it came by UDP', async () => {
    const { send, registered } = world();
    await send();
    await send({ contact: '<sip:alice@203.0.113.9:40000>' });
    await send({ contact: '<sip:alice@10.0.0.5:5060;transport=tcp>' }, 'tcp');
    const received = '203.0.113.9:40000';
    expect(registered.map((one) => [one.received, one.keepAlive])).toEqual([
      [received, true],
      [undefined, undefined],
      [received, undefined],
    ]);
  });

  test('a browser is reached by its connection, whatever its Contact says', async () => {
    const { send, registered } = world();
    await send({ contact: '<sip:k3v8t2@203.0.113.9:40000;transport=ws>' }, 'ws');
    await send({ contact: '<sip:k3v8t2@df7jal23ls0d.invalid;transport=ws>' }, 'wss');
    await send({ contact: '<sip:alice@203.0.113.9:40000;transport=tcp>' }, 'tcp');
    expect(registered.map(({ received }) => received)).toEqual(['203.0.113.9:40000', '203.0.113.9:40000', undefined]);
    expect(registered.map(({ keepAlive }) => keepAlive)).toEqual([undefined, undefined, undefined]);
  });

  test('credentials for another realm are no credentials for us', async () => {
    expect((await world().send({ authorization: DIGEST.replace('callweave', 'elsewhere') })).status).toBe(401);
    const both = `${DIGEST.replace('callweave', 'elsewhere')}, ${DIGEST}`;
    expect((await world().send({ authorization: both })).status).toBe(200);
  });

  test.each<[string, World, Partial<Reply>]>([
    ['a wrong password', { verdict: { kind: 'denied' } }, { status: 403 }],
    [
      'a stale nonce',
      { verdict: { kind: 'stale', challenges: ['D'] } },
      { status: 401, headers: { 'WWW-Authenticate': ['D'] } },
    ],
    ['credentials nobody can read', { verdict: { kind: 'malformed', rule: 'digest' } }, { status: 400 }],
    [
      'an auth service that is away',
      { verdict: { kind: 'unavailable' } },
      { status: 503, headers: { 'Retry-After': '5' } },
    ],
    [
      'a registrar that is away',
      { registration: { kind: 'unavailable' } },
      { status: 503, headers: { 'Retry-After': '5' } },
    ],
    [
      'a record everybody wants',
      { registration: { kind: 'busy', retryAfterSec: 2 } },
      { status: 503, headers: { 'Retry-After': '2' } },
    ],
    [
      'too short an interval',
      { registration: { kind: 'interval-too-brief', minExpiresSec: 60 } },
      { status: 423, headers: { 'Min-Expires': '60' } },
    ],
    ['an older CSeq', { registration: { kind: 'out-of-order' } }, { status: 500 }],
    ['too many devices', { registration: { kind: 'too-many-contacts', max: 10 } }, { status: 403 }],
    ['a bus that is away', { notReady: 'no connection' }, { status: 503, headers: { 'Retry-After': '5' } }],
  ])('%s has its answer', async (_what, given, expected) => {
    expect(await world(given).send()).toMatchObject(expected);
  });

  test.each<[string, Record<string, string>, number]>([
    ['an address-of-record without a user', { to: '<sip:example.org>' }, 404],
    ['an address-of-record that is no SIP URI', { to: '<mailto:a@b>' }, 400],
    ['a contact that is no SIP URI', { contact: '<tel:+1555>' }, 400],
    ['a contact that cannot be read', { contact: '<sip:a' }, 400],
    ['the wildcard with another expiry than 0', { contact: '*', expires: '60' }, 400],
    ['the wildcard among others', { contact: '*, <sip:a@b>', expires: '0' }, 400],
    ['33 contacts', { contact: Array.from({ length: 33 }, (_, i) => `<sip:a@192.0.2.${String(i)}>`).join(',') }, 400],
    ['an extension nobody knows', { require: 'path, teleport' }, 420],
    ['a user of 20 kB', { to: `<sip:${'x'.repeat(20_000)}@example.org>` }, 414],
  ])('%s is refused', async (_what, headers, status) => {
    const { send, registered } = world();
    expect((await send(headers)).status).toBe(status);
    expect(registered).toEqual([]);
  });

  test.each(['a.b', '*', '%3E', 'with%20space', 'j%C3%BCrgen', 'x'.repeat(8192)])(
    'a user like %.20s is served like any other',
    async (user) => {
      const { send, registered } = world();
      expect((await send({ to: `<sip:${user}@example.org>` })).status).toBe(200);
      expect(registered[0]?.user).toBe(decodeURIComponent(user));
    },
  );

  test('beyond what can be held the next is told to come back, and idle waits for those in hand', async () => {
    const { handler, send } = world();
    const unanswered = Array.from({ length: MAX_HELD }, () => send());
    expect(handler.held).toBe(MAX_HELD);
    expect((await send()).status).toBe(503);
    await handler.idle();
    expect(handler.held).toBe(0);
    expect((await Promise.all(unanswered)).every(({ status }) => status === 200)).toBe(true);
  });
});
