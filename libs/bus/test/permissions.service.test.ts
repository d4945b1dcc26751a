import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Aor,
  authProfile,
  bindingAdded,
  edgeProfile,
  EpochMs,
  InstanceId,
  registrarProfile,
  serviceProfiles,
  subscribersBucket,
  Tenant,
  User,
  verify,
} from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { Events } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { type Connection, openConnection } from '../src/connection.ts';
import { answer } from '../src/responder.ts';
import { type NatsServer, readFacts, startNats } from '../src/testing.ts';

const REGISTRAR = 'rrrrrrrrrrrrrrrr';
const AUTH = 'aaaaaaaaaaaaaaaa';
const EDGE = 'eeeeeeeeeeeeeeee';

let nats: NatsServer;
let directory: string;

beforeAll(async () => {
  nats = await startNats();
});

afterAll(() => nats.stop());

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-permissions-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A raw connection as the user of a service. */
async function connectAs(name: string): Promise<Connection & { refusals: string[] }> {
  const connection = await openConnection({ url: nats.url, user: name, password: name, name }, recordLogs());
  const refusals: string[] = [];
  void (async () => {
    for await (const { type, permissionContext } of connection.nc.status()) {
      if (type === Events.Error)
        refusals.push(`${permissionContext?.operation ?? ''} ${permissionContext?.subject ?? ''}`);
    }
  })();
  return { ...connection, refusals };
}

describe('what the server refuses', () => {
  test.each([
    ['registrar', '$JS.API.DIRECT.GET.KV_subscribers.$KV.subscribers.default.alice'],
    ['registrar', '$JS.API.STREAM.MSG.GET.KV_subscribers'],
    ['registrar', '$JS.API.CONSUMER.CREATE.KV_subscribers'],
    ['registrar', '$KV.subscribers.default.alice'],
    ['registrar', '$JS.API.STREAM.MSG.DELETE.KV_nonce-keys'],
    ['registrar', '$KV.instances.edge-signaling.eeeeeeeeeeeeeeee'],
    ['registrar', 'callweave.rpc.auth.verify'],
    ['registrar', '_INBOX_edge-signaling.x.1'],
    ['edge-signaling', '$JS.API.DIRECT.GET.KV_nonce-keys.$KV.nonce-keys.nonce'],
    ['edge-signaling', '$KV.nonce-keys.nonce'],
    ['edge-signaling', 'callweave.registration.v1.default.alice.added'],
    ['edge-signaling', '$JS.API.DIRECT.GET.KV_subscribers.$KV.subscribers.default.alice'],
    ['edge-signaling', '$JS.API.STREAM.DELETE.KV_location'],
    ['auth-challenge-affinity', '$KV.location.default.alice'],
  ])('%s may not publish %s', async (name, subject) => {
    const { nc, refusals } = await connectAs(name);
    nc.publish(subject, '{}');
    await eventually(() => expect(refusals).toEqual([`publish ${subject}`]));
    await nc.close();
  });

  test.each([
    ['registrar', '_INBOX_auth-challenge-affinity.>'],
    ['auth-challenge-affinity', '_INBOX_registrar.>'],
    ['edge-signaling', '_INBOX.>'],
    ['edge-signaling', '>'],
    ['edge-signaling', 'callweave.rpc.registrar.register'],
    ['edge-signaling', '$KV.subscribers.>'],
  ])('%s may not subscribe to %s', async (name, subject) => {
    const { nc, refusals } = await connectAs(name);
    nc.subscribe(subject, { callback: () => undefined });
    await eventually(() => expect(refusals).toEqual([`subscription ${subject}`]));
    await nc.close();
  });
});

describe('what each service needs', () => {
  test.each(serviceProfiles.map((profile) => [profile.name, profile] as const))(
    '%s reads, lists and watches its buckets under its own user',
    async (name, profile) => {
      const bus = await nats.bus(profile, AUTH);
      for (const type of profile.reads) {
        const bucket = bus.bucket(type);
        await bucket.list();
        expect(
          await bucket.get({
            tenant: 'x',
            trunk: 'x',
            user: 'x',
            purpose: 'x',
            service: name,
            instance: 'x',
            kind: 'call',
            id: 'x',
          } as never),
        ).toBe(undefined);
        const watch = bus.watch(type, { onRecord: () => undefined });
        await eventually(() => expect(watch.isCurrent).toBe(true));
      }
      await bus.close();
    },
  );

  test('auth creates, changes and removes accounts', async () => {
    const subscribers = (await nats.bus(authProfile, AUTH)).bucket(subscribersBucket);
    const where = { tenant: 'default', user: 'alice' };
    const account = {
      tenant: Tenant.parse('default'),
      user: User.parse('alice'),
      realm: 'example.org',
      ha1: { MD5: 'abc' },
      strongestUsed: 'MD5' as const,
      createdAt: 1,
    };
    expect(await subscribers.create(where, account)).toBe(true);
    await subscribers.modify(where, (stored) => (stored === undefined ? 'keep' : { set: { ...stored, realm: 'b' } }));
    expect((await subscribers.get(where))?.value.realm).toBe('b');
    await subscribers.modify(where, () => 'remove');
    expect(await subscribers.get(where)).toBeUndefined();
  });

  test('auth answers the edge through the queue group and by name', async () => {
    const auth = await nats.bus(authProfile, AUTH);
    await auth.serve([answer(verify, ({ user }) => Promise.resolve({ kind: 'verified' as const, user }))]);
    const edge: Bus = await nats.bus(edgeProfile, EDGE);
    await edge.serve();
    const question = {
      tenant: 'default',
      user: 'alice',
      method: 'REGISTER',
      credentials: '',
      fingerprint: 'z9hG4bK1',
      source: '192.0.2.1:5060',
    };
    for (const first of [undefined, AUTH]) {
      expect(await edge.ask(verify, {}, question, { deadlineMs: 2_000, first })).toEqual({
        kind: 'verified',
        user: 'alice',
      });
    }
    await auth.drain();
  });

  test('the registrar tells its facts', async () => {
    const registrar = await nats.bus(registrarProfile, REGISTRAR);
    const publisher = await registrar.openPublisher(directory);
    publisher.tell({
      type: bindingAdded,
      tokens: { tenant: 'default', user: 'alice' },
      id: 'permitted',
      data: {
        tenant: Tenant.parse('default'),
        user: User.parse('alice'),
        aor: Aor.parse('sip:alice@example.org'),
        contact: 'sip:alice@192.0.2.1',
        edge: InstanceId.parse(EDGE),
        sequence: 1,
        expiresAt: EpochMs.parse(1),
      },
      context: { tenant: 'default' },
    });
    await publisher.flush();
    const facts = await readFacts(await nats.operator(), 'REGISTRATIONS', bindingAdded.filter);
    expect(facts.map(({ event }) => event.id)).toEqual(['permitted']);
    await registrar.close();
  });
});
