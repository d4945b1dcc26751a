import { type Bus } from '@callweave/bus';
import { type NatsServer, startNats } from '@callweave/bus/testing';
import { systemClock } from '@callweave/clock';
import {
  challenge,
  defaultTenant,
  edgeProfile,
  nonceIssuer,
  type Subscriber,
  User,
  verify,
  type VerifyResponse,
} from '@callweave/contracts';
import { createInstanceId, loadConfig, type RunningService } from '@callweave/service';
import { answerChallenge, computeHa1, parseDigestChallenge, serializeCredentials } from '@callweave/sip';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { config } from '../src/config.ts';
import { startAuth } from '../src/service.ts';

let nats: NatsServer;
let edge: Bus;
const replicas = new Map<string, RunningService>();

beforeAll(async () => {
  nats = await startNats();
  const { js } = await nats.operator();
  const ha1 = (algorithm: 'MD5' | 'SHA-256'): string => computeHa1(algorithm, 'alice', 'callweave', 'secret');
  const alice: Subscriber = {
    tenant: defaultTenant,
    user: User.parse('alice'),
    realm: 'callweave',
    ha1: { MD5: ha1('MD5'), 'SHA-256': ha1('SHA-256') },
    strongestUsed: 'MD5',
    createdAt: 0,
  };
  await js.publish('$KV.subscribers.default.alice', JSON.stringify(alice));
  edge = await nats.bus(edgeProfile, createInstanceId());
  for (const instance of [createInstanceId(), createInstanceId()]) replicas.set(instance, await start(instance));
});

afterAll(async () => {
  for (const replica of replicas.values()) await replica.stop();
  await nats.stop();
});

function start(instance: string): Promise<RunningService> {
  return startAuth({
    name: 'auth-challenge-affinity',
    instance,
    version: '0.0.0',
    clock: systemClock,
    log: recordLogs(),
    config: loadConfig(config, {
      CALLWEAVE_NATS_URL: nats.url,
      CALLWEAVE_NATS_USER: 'auth-challenge-affinity',
      CALLWEAVE_NATS_PASSWORD: 'auth-challenge-affinity',
    }),
  });
}

interface Attempt {
  user?: string;
  password?: string;
  nonceCount?: number;
  branch?: string;
}

async function challenged(user = 'alice'): Promise<string> {
  const { challenges } = await edge.ask(challenge, {}, { tenant: defaultTenant, user }, { deadlineMs: 5_000 });
  expect(challenges).toHaveLength(1);
  return challenges[0] ?? '';
}

function answerTo(
  header: string,
  { user = 'alice', password = 'secret', nonceCount = 1, branch = 'b1' }: Attempt = {},
): Promise<VerifyResponse> {
  const parsed = parseDigestChallenge(header);
  const answer = { username: user, password, method: 'REGISTER', uri: 'sip:x', cnonce: 'c', nonceCount };
  const credentials = answerChallenge(parsed, answer);
  if (credentials === undefined) throw new Error('cannot answer');
  const request = {
    tenant: defaultTenant,
    user,
    method: 'REGISTER',
    credentials: serializeCredentials(credentials),
    fingerprint: branch,
    source: '192.0.2.1:5060',
  };
  return edge.ask(verify, {}, request, { deadlineMs: 5_000, attemptMs: 4_000, first: nonceIssuer(parsed.nonce) });
}

describe('two auth replicas on one bus', () => {
  test('the right password is verified by whichever replica challenged', async () => {
    for (let i = 0; i < 4; i++) expect(await answerTo(await challenged())).toEqual({ kind: 'verified', user: 'alice' });
  });

  test('a wrong password and an unknown account are told the same', async () => {
    expect(await answerTo(await challenged(), { password: 'guess' })).toEqual({ kind: 'denied' });
    expect(await answerTo(await challenged('nobody'), { user: 'nobody' })).toEqual({ kind: 'denied' });
  });

  test('challenges of known and unknown accounts differ in the nonce alone', async () => {
    const shape = (header: string): string => header.replace(/nonce="[^"]*"/, 'nonce');
    expect(shape(await challenged('nobody'))).toBe(shape(await challenged()));
  });

  test('a retransmission is verified again, another use of its nonce count is stale', async () => {
    const header = await challenged();
    expect((await answerTo(header)).kind).toBe('verified');
    expect((await answerTo(header)).kind).toBe('verified');
    expect((await answerTo(header, { branch: 'b2' })).kind).toBe('stale');
    expect((await answerTo(header, { branch: 'b3', nonceCount: 2 })).kind).toBe('verified');
  });

  test('when the replica that challenged is gone, another one challenges anew and the phone goes on by itself', async () => {
    const header = await challenged();
    const issuer = nonceIssuer(parseDigestChallenge(header).nonce) ?? '';
    await replicas.get(issuer)?.drain();
    await replicas.get(issuer)?.stop();
    replicas.delete(issuer);
    const verdict = await answerTo(header);
    if (verdict.kind !== 'stale') throw new Error(verdict.kind);
    const [again = ''] = verdict.challenges;
    expect(parseDigestChallenge(again).stale).toBe(true);
    expect((await answerTo(again)).kind).toBe('verified');
  });
});
