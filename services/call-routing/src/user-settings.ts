import { type Bus } from '@callweave/bus';
import { type RouteTarget, type Tenant, type User, type UserSettings, userSettingsBucket } from '@callweave/contracts';
import { type Route } from './dial-plan.ts';

/** What users have set. */
export interface SettingsDirectory {
  of(tenant: Tenant, user: User): UserSettings | undefined;
}

/** The settings of the users of all tenants, kept current by a watch; resolves when all of them are known. */
export async function openUserSettings(bus: Pick<Bus, 'watch'>): Promise<SettingsDirectory> {
  const byUser = new Map<string, UserSettings>();
  // Before, calls would go past those who have sent them on.
  await new Promise<void>((onCurrent) => {
    bus.watch(userSettingsBucket, { onRecord: (key, settings) => byUser.set(key, settings), onCurrent });
  });
  return { of: (tenant, user) => byUser.get(userSettingsBucket.key({ tenant, user })) };
}

/** A route on which each user has his own way. */
export function asSet(route: Route, tenant: Tenant, settings: SettingsDirectory): Route {
  if (route.kind === 'reject') return route;
  return { ...route, targets: route.targets.map((target) => ofUser(target, tenant, settings)) };
}

function ofUser(target: RouteTarget, tenant: Tenant, settings: SettingsDirectory): RouteTarget {
  if (target.kind !== 'user') return target;
  const { forwards = {}, ringSec = target.ringSec } = settings.of(tenant, target.user) ?? {};
  return { ...target, ringSec, ...(Object.keys(forwards).length === 0 ? {} : { forwards }) };
}
