import { type Bus } from '@callweave/bus';
import { defaultTenant, type TenantRecord, tenantsBucket } from '@callweave/contracts';
import { type TenantDirectory } from './ports.ts';

/** The default tenant until its record is there. */
const nobody = { tenant: defaultTenant, realm: 'callweave', domains: [] };

/** Who owns which domain, as it changes. */
export interface WatchedTenants extends TenantDirectory {
  /** When all have been heard of; before, nobody can be told the right realm. */
  readonly known: Promise<void>;
}

/** Tenants by domain, kept current by a watch. */
export function openTenants(bus: Pick<Bus, 'watch'>): WatchedTenants {
  const records = new Map<string, TenantRecord>();
  let know: () => void = () => undefined;
  const known = new Promise<void>((resolve) => (know = resolve));
  bus.watch(tenantsBucket, {
    onRecord: (_key, record) => records.set(record.tenant, record),
    onCurrent: know,
  });
  return {
    known,
    byDomain: (domain) => {
      const wanted = domain.toLowerCase();
      for (const { tenant, realm, domains } of records.values())
        if (domains.includes(wanted)) return { tenant, realm, domain: wanted };
      const { tenant, realm, domains } = records.get(defaultTenant) ?? nobody;
      return { tenant, realm, domain: domains[0] ?? domain };
    },
    domainOf: (tenant, asked) => records.get(tenant)?.domains[0] ?? asked,
  };
}
