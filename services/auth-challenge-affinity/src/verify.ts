import { createHash } from 'node:crypto';
import { type Answer, answer } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  type DigestAlgorithm,
  digestAlgorithms,
  type Subscriber,
  User,
  verify,
  type VerifyRequest,
  type VerifyResponse,
} from '@callweave/contracts';
import { type DigestCredentials, parseDigestCredentials, parseUri, SipSyntaxError, verifyDigest } from '@callweave/sip';
import { ignore, type Logger } from '@callweave/telemetry';
import { type AccountStore } from './account-store.ts';
import { type Challenger } from './challenge.ts';
import { type NonceKeys } from './key-ring.ts';
import { checkNonce } from './nonce.ts';
import { type NonceWindow } from './nonce-window.ts';

export interface VerifierDeps {
  readonly instance: string;
  readonly accounts: AccountStore;
  readonly keys: Pick<NonceKeys, 'all'>;
  readonly challenger: Challenger;
  readonly window: NonceWindow;
  readonly nonceMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Hashed instead of the HA1 of an account that does not exist, so that both take the same time. */
const NOBODY_HA1 = createHash('md5').update('nobody').digest('hex');

/** Answers whether credentials are good. */
export function answerVerify(deps: VerifierDeps): Answer {
  return answer(verify, async (request): Promise<VerifyResponse> => {
    let credentials: DigestCredentials;
    try {
      credentials = parseDigestCredentials(request.credentials);
    } catch (error) {
      if (error instanceof SipSyntaxError) return { kind: 'malformed', rule: error.rule };
      throw error;
    }
    return decide(deps, request, credentials);
  });
}

async function decide(
  deps: VerifierDeps,
  request: VerifyRequest,
  credentials: DigestCredentials,
): Promise<VerifyResponse> {
  const { accounts, challenger, clock } = deps;
  const { tenant, user } = request;
  const account = await accounts.account(tenant, user);
  const stale = (): VerifyResponse => ({ kind: 'stale', challenges: challenger.challenges(tenant, account, true) });

  const nonce = checkNonce(credentials.nonce, deps.keys.all);
  // A nonce or realm that never was ours proves nothing either way: a fresh challenge is fair.
  const { realm, minimumAlgorithm } = accounts.tenant(tenant);
  if (nonce.kind === 'foreign' || credentials.realm !== realm) return stale();
  if (!isForThisServer(request, credentials)) return { kind: 'malformed', rule: 'digest-uri' };
  if (isWeaker(credentials.algorithm, minimumAlgorithm)) return { kind: 'denied' };
  if (!isRight(account, request, credentials)) return { kind: 'denied' };
  // RFC 7616 §3.3: stale is said only to those who know the password.
  const expiresAtMs = nonce.issuedAtMs + deps.nonceMs;
  if (nonce.issuer !== deps.instance || expiresAtMs <= clock.epochMs()) return stale();
  const count = credentials.nc === undefined ? 1 : Number.parseInt(credentials.nc, 16);
  const use = deps.window.use(
    credentials.nonce,
    count,
    fingerprint(request, credentials),
    clock.epochMs(),
    expiresAtMs,
  );
  if (use === 'replay') return stale();
  if (use === 'fresh') noteAlgorithm(deps, account, credentials);
  return { kind: 'verified', user: User.parse(credentials.username) };
}

/**
 * Whether the credentials were made for the host the request was sent to: otherwise another server could have a device
 * compute them for us. RFC 7616 §3.4.6; hosts alone, since phones differ in what else they hash.
 */
function isForThisServer({ requestUri }: VerifyRequest, { uri }: DigestCredentials): boolean {
  if (requestUri === undefined) return true;
  return hostOf(requestUri) === hostOf(uri);
}

function hostOf(text: string): string | undefined {
  try {
    const uri = parseUri(text);
    return uri.kind === 'sip' ? uri.host : undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}

function isWeaker(algorithm: DigestAlgorithm | undefined, minimum: DigestAlgorithm): boolean {
  return algorithm === undefined || digestAlgorithms.indexOf(algorithm) < digestAlgorithms.indexOf(minimum);
}

/** Whether the password is right and the account is the one the request acts for. */
function isRight(
  account: Subscriber | undefined,
  { user, method }: VerifyRequest,
  credentials: DigestCredentials,
): account is Subscriber {
  const { algorithm } = credentials;
  const ha1 = algorithm === undefined ? undefined : account?.ha1[algorithm];
  const proven = verifyDigest(credentials, { ha1: ha1 ?? NOBODY_HA1, method });
  return proven && ha1 !== undefined && credentials.username === user;
}

function noteAlgorithm({ accounts, log }: VerifierDeps, account: Subscriber, { algorithm }: DigestCredentials): void {
  if (algorithm === undefined || algorithm === 'MD5' || algorithm === account.strongestUsed) return;
  accounts.noteUsed(account, algorithm).catch((error: unknown) => ignore(log, error, 'noted at the next use'));
}

/** What tells a retransmission from a replay. */
function fingerprint({ fingerprint: of, source }: VerifyRequest, { cnonce, response }: DigestCredentials): string {
  return createHash('sha256')
    .update(JSON.stringify([cnonce, response, of, source]))
    .digest('base64');
}
