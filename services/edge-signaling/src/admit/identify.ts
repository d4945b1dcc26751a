import { type CallSource, MAX_USER_BYTES, type Tenant, type Trunk } from '@callweave/contracts';
import { encodeUser, formatUri, parseNameAddrList, parseUri, SipSyntaxError } from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { type Authenticator, type TenantDirectory, type TrunkDirectory } from '../ports.ts';
import { authenticate } from './authenticate.ts';
import { dialledIn } from './dialled.ts';
import { assertIdentity, type Identity } from './identity.ts';
import { type Caller } from './parse-caller.ts';

export interface IdentifyDeps {
  readonly authenticator: Authenticator;
  readonly tenants: TenantDirectory;
  readonly trunks: TrunkDirectory;
}

/** Who sends a request outside any dialog, and by what right. */
export type Identified =
  | {
      readonly kind: 'identified';
      readonly tenant: Tenant;
      readonly source: CallSource;
      /** What it is called for others. */
      readonly identity: Identity;
      /** What its targets are looked for in. */
      readonly domain: string;
    }
  | { readonly kind: 'refuse'; readonly reply: Reply };

/**
 * Learns who sends a request: a trunk by the address that it comes from, which is inside the trust domain and may assert
 * who calls (RFC 3325 §5); anybody else is the user of its From once he has proved it.
 */
export async function identify(request: IncomingRequest, caller: Caller, deps: IdentifyDeps): Promise<Identified> {
  const trunk = deps.trunks.bySource(request.source);
  if (trunk !== undefined) return ofTrunk(trunk, request, caller, deps);
  const { user, domain } = caller;
  if (user === undefined) return { kind: 'refuse', reply: { status: 403 } };
  const { tenant, realm, domain: ownDomain } = deps.tenants.byDomain(domain);
  const refusal = await authenticate(request, { tenant, realm, user, as: 'proxy' }, deps.authenticator);
  if (refusal !== undefined) return { kind: 'refuse', reply: refusal };
  const identity = assertIdentity(caller.identity, user, ownDomain);
  return { kind: 'identified', tenant, source: { kind: 'user', user }, identity, domain };
}

function ofTrunk(
  { tenant, trunk }: Trunk,
  request: IncomingRequest,
  { identity, domain: named }: Caller,
  { tenants }: IdentifyDeps,
): Identified {
  const called = parseUri(request.uri);
  const domain = tenants.domainOf(tenant, called.kind === 'sip' ? called.host : named);
  const asserted = assertedBy(request.header('p-asserted-identity'), domain);
  return { kind: 'identified', tenant, source: { kind: 'trunk', trunk }, identity: { ...identity, asserted }, domain };
}

/** A number of the whole world's, which is nobody's extension. */
const GLOBAL_NUMBER = /^\+[0-9]+$/;

/**
 * Whom a peer inside the trust domain asserts: a global number as one of `domain`, which can be called back; a name or an
 * extension stays one of its own domain, as ours has others. Its From asserts nothing. RFC 3325 §9.1
 */
function assertedBy(header: string | undefined, domain: string): string | undefined {
  try {
    for (const { uri } of parseNameAddrList(header ?? '')) {
      const parsed = parseUri(uri);
      if (parsed.kind === 'other') continue;
      const user = dialledIn(parsed);
      if (user === '' || Buffer.byteLength(user) > MAX_USER_BYTES) continue;
      if (GLOBAL_NUMBER.test(user)) return `<sip:${encodeUser(user)}@${domain}>`;
      if (parsed.kind === 'sip') return `<${formatUri({ ...parsed, params: new Map(), headers: undefined })}>`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
