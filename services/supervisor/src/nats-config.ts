import { type NatsPermissions, natsPermissions } from '@callweave/bus';
import { type ServiceProfile } from '@callweave/contracts';
import { operator } from './secrets.ts';

export interface NatsConfigInput {
  readonly host: string;
  readonly port: number;
  readonly storeDir: string;
  readonly profiles: readonly ServiceProfile[];
  readonly passwords: Readonly<Record<string, string>>;
}

interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly permissions?: NatsPermissions;
}

/**
 * Configuration of our nats-server (JSON, which it reads as well): JetStream, a user per service that may do what the
 * service's profile says, `operator` who may do everything, and nobody else.
 */
export function natsConfig({ host, port, storeDir, profiles, passwords }: NatsConfigInput): string {
  const password = (user: string): string => {
    const found = passwords[user];
    if (found === undefined) throw new Error(`no password for the NATS user ${user}`);
    return found;
  };
  const users: NatsUser[] = [
    { user: operator, password: password(operator) },
    ...profiles.map((profile) => ({
      user: profile.name,
      password: password(profile.name),
      permissions: natsPermissions(profile),
    })),
  ];
  const config = {
    server_name: 'callweave',
    host,
    port,
    // A peer that is frozen or cut off is given up after some four seconds.
    ping_interval: '2s',
    ping_max: 2,
    jetstream: { store_dir: storeDir },
    authorization: { users },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
