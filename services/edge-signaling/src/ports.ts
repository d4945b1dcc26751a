import {
  type FlowToken,
  type RegisterRequest,
  type RegisterResponse,
  type Tenant,
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
export interface TenantDirectory {
  /** Tenant and realm of a domain; the default tenant takes what nobody owns. */
  /** Whether all tenants have been heard of; before, nobody can be told the right realm. */
  isKnown(): boolean;
  byDomain(domain: string): { readonly tenant: Tenant; readonly realm: string };
}
