import { type Bus } from '@callweave/bus';
import { defaultTenant, type TenantRecord, tenantsBucket } from '@callweave/contracts';
import { type TenantDirectory } from './ports.ts';

/** Realm of the default tenant until its record is there. */
const DEFAULT_REALM = 'callweave';

/** Tenants by domain, kept current by a watch. */
export function openTenants(bus: Bus): TenantDirectory {
  const records = new Map<string, TenantRecord>();
  let isKnown = false;
  bus.watch(tenantsBucket, {
    onRecord: (_key, record) => records.set(record.tenant, record),
    onCurrent: () => (isKnown = true),
  });
  return {
    isKnown: () => isKnown,
    byDomain: (domain) => {
      const wanted = domain.toLowerCase();
      for (const record of records.values()) if (record.domains.includes(wanted)) return record;
      return records.get(defaultTenant) ?? { tenant: defaultTenant, realm: DEFAULT_REALM };
    },
  };
}
