import { type Answer } from '@callweave/bus';
import { FakeClock } from '@callweave/clock/testing';
import {
  defaultTenant,
  type DigestAlgorithm,
  InstanceId,
  type Subscriber,
  User,
  type VerifyResponse,
} from '@callweave/contracts';
import {
  answerChallenge,
  computeHa1,
  parseDigestChallenge,
  serializeChallenge,
  serializeCredentials,
} from '@callweave/sip';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { Challenger } from '../src/challenge.ts';
import { issueNonce } from '../src/nonce.ts';
import { NonceWindow } from '../src/nonce-window.ts';
import { answerVerify } from '../src/verify.ts';

const instance = InstanceId.parse('abcdefghijklmnop');
const key = Buffer.from('0123456789abcdef0123456789abcdef');
const clock = new FakeClock();
const ha1 = (algorithm: DigestAlgorithm): string => computeHa1(algorithm, 'alice', 'callweave', 'secret');
const alice: Subscriber = {
  tenant: defaultTenant,
  user: User.parse('alice'),
  realm: 'callweave',
  ha1: { MD5: ha1('MD5'), 'SHA-256': ha1('SHA-256') },
  strongestUsed: 'MD5',
  createdAt: 0,
};

function verifier(minimumAlgorithm: DigestAlgorithm): Answer {
  const accounts = {
    account: () => Promise.resolve(alice),
    tenant: () => ({ tenant: defaultTenant, realm: 'callweave', domains: [], minimumAlgorithm }),
    noteUsed: () => Promise.resolve(),
  };
  const keys = { signing: key, all: [key] };
  const challenger = new Challenger({ instance, accounts, keys, clock });
  const window = new NonceWindow(10);
  return answerVerify({ instance, accounts, keys, challenger, window, nonceMs: 300_000, clock, log: recordLogs() });
}

async function verified(
  minimum: DigestAlgorithm,
  algorithm: DigestAlgorithm,
  uri = 'sip:example.org',
): Promise<string> {
  const nonce = issueNonce(instance, clock.epochMs(), key);
  const challenge = parseDigestChallenge(serializeChallenge({ realm: 'callweave', nonce, algorithm, qop: ['auth'] }));
  const answer = { username: 'alice', password: 'secret', method: 'REGISTER', uri, cnonce: 'c' };
  const credentials = answerChallenge(challenge, answer);
  if (credentials === undefined) throw new Error('cannot answer');
  const request = {
    tenant: defaultTenant,
    user: 'alice',
    method: 'REGISTER',
    requestUri: 'sip:EXAMPLE.org:5060',
    credentials: serializeCredentials(credentials),
    fingerprint: 'f',
    source: '192.0.2.1:5060',
  };
  const inTime = { leftMs: 1_000, isRepeated: false, isAwaited: () => true };
  const verdict = (await verifier(minimum).handle(request, inTime)) as VerifyResponse;
  return verdict.kind;
}

test('an algorithm below the tenant minimum is denied, however right the password', async () => {
  expect(await verified('SHA-256', 'MD5')).toBe('denied');
  expect(await verified('SHA-256', 'SHA-256')).toBe('verified');
  expect(await verified('MD5', 'SHA-256')).toBe('verified');
});

test('credentials that were made for another host are refused', async () => {
  expect(await verified('MD5', 'MD5', 'sip:evil.example')).toBe('malformed');
  expect(await verified('MD5', 'MD5', 'sip:alice@example.org;transport=udp')).toBe('verified');
});
