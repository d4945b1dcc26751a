import { randomBytes } from 'node:crypto';
import { type Connection } from '@callweave/bus';
import { defaultTenant, type Subscriber, subscribersBucket, User } from '@callweave/contracts';
import { computeHa1 } from '@callweave/sip';

/** An account for a load generator. */
export interface LoadAccount {
  readonly user: string;
  readonly password: string;
}

/** Makes `count` accounts, all with one password, directly in the bucket. */
export async function addSubscribers({ js }: Connection, prefix: string, count: number): Promise<LoadAccount[]> {
  // SIPp takes one that begins with 0x for a number.
  const password = `p${randomBytes(9).toString('hex')}`;
  const accounts = Array.from({ length: count }, (_, i) => ({ user: `${prefix}${String(i)}`, password }));
  for (const { user } of accounts) {
    const record: Subscriber = {
      tenant: defaultTenant,
      user: User.parse(user),
      realm: 'callweave',
      ha1: { MD5: computeHa1('MD5', user, 'callweave', password) },
      strongestUsed: 'MD5',
      createdAt: Date.now(),
    };
    const key = subscribersBucket.key({ tenant: defaultTenant, user });
    await js.publish(`$KV.${subscribersBucket.name}.${key}`, JSON.stringify(record));
  }
  return accounts;
}

/** Lines of an injection file: user, then the keyword that makes SIPp answer a challenge. */
export function sippLines(accounts: readonly LoadAccount[]): string[] {
  return accounts.map(({ user, password }) => `${user};[authentication username=${user} password=${password}]`);
}
