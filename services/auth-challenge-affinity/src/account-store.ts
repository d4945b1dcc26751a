import { type Bus } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  type DigestAlgorithm,
  digestAlgorithms,
  defaultTenant,
  type Subscriber,
  subscribersBucket,
  type Tenant,
  type TenantRecord,
  tenantsBucket,
  type User,
} from '@callweave/contracts';
import { RecentAccounts } from './recent-accounts.ts';

/** What authentication needs to know of accounts and tenants. */
export interface AccountStore {
  account(tenant: Tenant, user: User): Promise<Subscriber | undefined>;
  /** Realm and policy of a tenant; those of the default tenant when it has no record. */
  tenant(tenant: Tenant): TenantRecord;
  /** Remembers that the account can do `algorithm`. */
  noteUsed(account: Subscriber, algorithm: DigestAlgorithm): Promise<void>;
}

/** Accounts in KV, remembered for a moment; tenants in memory, fed by a watch. */
export async function openAccountStore(bus: Bus, clock: Clock): Promise<AccountStore> {
  const subscribers = bus.bucket(subscribersBucket);
  const recent = new RecentAccounts(clock);
  const tenants = new Map<string, TenantRecord>();
  // A policy that is not known yet must not be taken for the default one.
  await new Promise<void>((resolve) => {
    bus.watch(tenantsBucket, { onRecord: (_key, record) => tenants.set(record.tenant, record), onCurrent: resolve });
  });
  const fallback: TenantRecord = { tenant: defaultTenant, realm: 'callweave', domains: [], minimumAlgorithm: 'MD5' };
  const strength = (algorithm: DigestAlgorithm): number => digestAlgorithms.indexOf(algorithm);
  return {
    account: async (tenant, user) => {
      const known = recent.get(tenant, user);
      if (known !== undefined) return known;
      const account = (await subscribers.get({ tenant, user }))?.value;
      if (account !== undefined) recent.put(account);
      return account;
    },
    tenant: (tenant) => tenants.get(tenant) ?? tenants.get(defaultTenant) ?? fallback,
    noteUsed: async (account, algorithm) => {
      recent.delete(account);
      await subscribers.modify(account, (stored) =>
        stored === undefined || strength(stored.strongestUsed) >= strength(algorithm)
          ? 'keep'
          : { set: { ...stored, strongestUsed: algorithm } },
      );
    },
  };
}
