import { type Bus } from '@callweave/bus';
import { listRegistrations, type Tenant } from '@callweave/contracts';
import { type Contact, type Registration } from '../api.ts';
import { shorten } from './party.ts';

export interface RegistrationQuery {
  readonly tenant: Tenant;
  /** Continue after this user. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Registered users of a tenant, by user. */
export interface RegisteredPage {
  readonly registrations: readonly Registration[];
  readonly total: number;
  readonly next: string | undefined;
}

/** Where the registered users are asked for. */
export type RegistrationSource = (query: RegistrationQuery) => Promise<RegisteredPage>;

/** Longer than listing a hundred thousand users takes. */
const DEADLINE_MS = 5_000;

/** Asks the registrar; the same question asked again before it is answered is asked once. */
export function askRegistrar(bus: Pick<Bus, 'ask'>): RegistrationSource {
  const asked = new Map<string, Promise<RegisteredPage>>();
  return (query) => {
    const key = JSON.stringify([query.tenant, query.after, query.limit]);
    const pending = asked.get(key);
    if (pending !== undefined) return pending;
    const answer = ask(bus, query).finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  };
}

async function ask(bus: Pick<Bus, 'ask'>, query: RegistrationQuery): Promise<RegisteredPage> {
  const { tenant } = query;
  const options = { deadlineMs: DEADLINE_MS, attemptMs: DEADLINE_MS / 2 };
  const { users, total, more } = await bus.ask(listRegistrations, {}, { ...query }, options);
  const registrations = users.map(({ user, aor, bindings }) => ({
    tenant,
    user: shorten(user),
    aor: shorten(aor),
    contacts: bindings.map(({ contact, userAgent, expiresAt, edge, received }): Contact => ({
      contact: shorten(contact),
      expiresAt,
      edge,
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(received === undefined ? {} : { received }),
    })),
  }));
  return { registrations, total, next: more ? users.at(-1)?.user : undefined };
}
