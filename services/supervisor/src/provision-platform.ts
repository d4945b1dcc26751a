import { Bucket, type Connection, provision } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import {
  defaultTenant,
  digestAlgorithms,
  type Subscriber,
  subscribersBucket,
  type TenantRecord,
  tenantsBucket,
  User,
} from '@callweave/contracts';
import { computeHa1 } from '@callweave/sip';

const REALM = 'callweave';

export interface ProvisionInput {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly replicas: number;
  /** Passwords of the demo subscribers by user. */
  readonly accounts: Readonly<Record<string, string>>;
}

/**
 * Streams and buckets as the contracts say, the default tenant and the demo subscribers. What is there stays as it is.
 * Returns the demo users that have the password of `accounts`: an operator may have given them another.
 */
export async function provisionPlatform({
  connection,
  clock,
  replicas,
  accounts,
}: ProvisionInput): Promise<readonly string[]> {
  await provision(connection.jsm, { replicas });
  const tenant: TenantRecord = { tenant: defaultTenant, realm: REALM, domains: [], minimumAlgorithm: 'MD5' };
  await new Bucket(tenantsBucket, connection, clock).create(tenant, tenant);
  const subscribers = new Bucket(subscribersBucket, connection, clock);
  const usable: string[] = [];
  for (const [name, password] of Object.entries(accounts)) {
    const subscriber: Subscriber = {
      tenant: defaultTenant,
      user: User.parse(name),
      realm: REALM,
      ha1: Object.fromEntries(
        digestAlgorithms.map((algorithm) => [algorithm, computeHa1(algorithm, name, REALM, password)]),
      ),
      strongestUsed: 'MD5',
      createdAt: clock.epochMs(),
    };
    const isNew = await subscribers.create(subscriber, subscriber);
    const stored = isNew ? subscriber : (await subscribers.get(subscriber))?.value;
    if (stored?.ha1.MD5 === subscriber.ha1.MD5) usable.push(name);
  }
  return usable;
}
