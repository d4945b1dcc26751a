import {
  type FlowToken,
  type RegisterRequest,
  type RegisterResponse,
  type Tenant,
  type Trunk,
  type User,
  type VerifyRequest,
  type VerifyResponse,
} from '@callweave/contracts';

/** Nobody can answer now; the device is told 503 and when to try again. */
export interface Unavailable {
  readonly kind: 'unavailable';
}

/** Who checks credentials. */
export interface Authenticator {
  challenge(
    tenant: Tenant,
    user: User,
  ): Promise<{ readonly kind: 'challenged'; readonly challenges: readonly string[] } | Unavailable>;
  verify(request: VerifyRequest): Promise<VerifyResponse | Unavailable>;
}

/** Who keeps bindings. */
export interface Registrar {
  register(request: RegisterRequest): Promise<RegisterResponse | Unavailable>;
  /** A connection to a device is gone; what cannot be removed now expires by itself. */
  flowClosed(closed: {
    readonly tenant: Tenant;
    readonly user: User;
    readonly flow: FlowToken;
  }): Promise<{ readonly removed: number }>;
}

/** Who owns a domain. */
export interface DomainOwner {
  readonly tenant: Tenant;
  readonly realm: string;
  /** What its users are called by: the domain when it is one of its own, else its first; as asked when it has none. */
  readonly domain: string;
}

/** Who owns which domain. */
export interface TenantDirectory {
  /** The default tenant takes what nobody owns. */
  byDomain(domain: string): DomainOwner;
  /** What users of a tenant are called by: the domain `asked` for when it has none of its own. */
  domainOf(tenant: Tenant, asked: string): string;
}

/** Carriers and PBXs, which need not prove who they are. */
export interface TrunkDirectory {
  /** The trunk that sends from `source`, `ip:port`. */
  bySource(source: string): Trunk | undefined;
}
