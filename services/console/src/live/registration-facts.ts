import { type FactHandler, onFact, type Placed } from '@callweave/bus';
import {
  bindingAdded,
  bindingRefreshed,
  type BindingRemoved,
  bindingRemoved,
  type BindingUpdated,
} from '@callweave/contracts';
import { type RegistrationHappening } from '../api.ts';
import { type EventLog } from './event-log.ts';
import { shorten } from './party.ts';

/** How the facts about registrations are shown. */
export function registrationFacts(log: EventLog): FactHandler[] {
  const tell = (
    kind: RegistrationHappening['kind'],
    { data, position, time }: Placed<typeof BindingUpdated | typeof BindingRemoved>,
  ): void => {
    const { tenant, user, aor, contact, edge } = data;
    log.add('registrations', position, tenant, {
      about: 'registration',
      kind,
      at: Date.parse(time),
      ...{ tenant, user: shorten(user), aor: shorten(aor), contact: shorten(contact), edge },
      ...('expiresAt' in data ? { expiresAt: data.expiresAt } : { reason: data.reason }),
      ...('userAgent' in data && data.userAgent !== undefined ? { userAgent: data.userAgent } : {}),
    });
  };
  return [
    onFact(bindingAdded, (fact) => tell('added', fact)),
    onFact(bindingRefreshed, (fact) => tell('refreshed', fact)),
    onFact(bindingRemoved, (fact) => tell('removed', fact)),
  ];
}
