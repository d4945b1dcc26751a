import { createHash } from 'node:crypto';
import { type Tenant, type User, VerifyRequest } from '@callweave/contracts';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { type Authenticator } from '../ports.ts';
import { unavailable } from '../unavailable.ts';
import { pickCredentials } from './credentials.ts';

/** Whom a request claims to come from, and where its credentials are. */
export interface Claim {
  readonly tenant: Tenant;
  readonly realm: string;
  readonly user: User;
  /** As a registrar we challenge with 401, as the next hop of a call with 407. RFC 3261 §22. */
  readonly as: 'registrar' | 'proxy';
}

const SAME_WHEN_REPEATED = ['via', 'from', 'to', 'call-id', 'cseq', 'contact', 'expires', 'path', 'route'];

const ROLES = {
  registrar: { status: 401, ask: 'WWW-Authenticate', answer: 'authorization' },
  proxy: { status: 407, ask: 'Proxy-Authenticate', answer: 'proxy-authorization' },
} as const;

/** The answer to a request that may not pass; undefined when it may. RFC 3261 §22, RFC 7616. */
export async function authenticate(
  request: IncomingRequest,
  { tenant, realm, user, as }: Claim,
  authenticator: Authenticator,
): Promise<Reply | undefined> {
  const { status, ask, answer } = ROLES[as];
  const challenged = (challenges: readonly string[]): Reply => ({ status, headers: { [ask]: [...challenges] } });
  const credentials = pickCredentials(request.header(answer), realm);
  if (credentials === undefined) {
    const asked = await authenticator.challenge(tenant, user);
    return asked.kind === 'unavailable' ? unavailable() : challenged(asked.challenges);
  }
  const { source, method } = request;
  const question = VerifyRequest.safeParse({
    tenant,
    user,
    method,
    requestUri: request.uri,
    credentials,
    fingerprint: fingerprintOf(request),
    source,
  });
  if (!question.success) return { status: 400, reason: 'Bad Request (credentials)' };
  const verdict = await authenticator.verify(question.data);
  switch (verdict.kind) {
    case 'verified':
      return undefined;
    case 'stale':
      return challenged(verdict.challenges);
    case 'denied':
      return { status: 403 };
    case 'malformed':
      return { status: 400, reason: `Bad Request (${verdict.rule})` };
    case 'unavailable':
      return unavailable();
  }
}

/** Equal for a request and its retransmissions, and for nothing else. RFC 3261 §17.2.3. */
function fingerprintOf(request: IncomingRequest): string {
  const parts = [request.method, request.uri, ...SAME_WHEN_REPEATED.map((name) => request.header(name) ?? '')];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
