import { type CallSource, type Tenant, type Trunk, User } from '@callweave/contracts';
import { parseNameAddrList, parseUri, SipSyntaxError } from '@callweave/sip';
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
 * Learns who sends a request: a trunk by the address that it comes from, which is inside the trust domain and says who
 * calls (RFC 3325 §5); anybody else is the user of its From once he has proved it.
 */
export async function identify(request: IncomingRequest, caller: Caller, deps: IdentifyDeps): Promise<Identified> {
  const trunk = deps.trunks.bySource(request.source);
  if (trunk !== undefined) return ofTrunk(trunk, request, caller, deps);
  const { user, domain } = caller;
  const { tenant, realm, domain: ownDomain } = deps.tenants.byDomain(domain);
  const refusal = await authenticate(request, { tenant, realm, user, as: 'proxy' }, deps.authenticator);
  if (refusal !== undefined) return { kind: 'refuse', reply: refusal };
  const identity = assertIdentity(caller.identity, user, ownDomain);
  return { kind: 'identified', tenant, source: { kind: 'user', user }, identity, domain };
}

function ofTrunk(
  { tenant, trunk }: Trunk,
  request: IncomingRequest,
  { user, identity, domain: asked }: Caller,
  { tenants }: IdentifyDeps,
): Identified {
  const domain = tenants.domainOf(tenant, asked);
  const asserted = assertedUser(request.header('p-asserted-identity')) ?? user;
  const source = { kind: 'trunk', trunk } as const;
  return { kind: 'identified', tenant, source, identity: assertIdentity(identity, asserted, domain), domain };
}

/** The number or user that a peer inside the trust domain says calls; undefined when it says none. RFC 3325 §9.1 */
function assertedUser(header: string | undefined): User | undefined {
  if (header === undefined) return undefined;
  try {
    for (const { uri } of parseNameAddrList(header)) {
      const parsed = parseUri(uri);
      const user = parsed.kind === 'other' ? undefined : User.safeParse(dialledIn(parsed)).data;
      if (user !== undefined && user !== '') return user;
    }
    return undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
