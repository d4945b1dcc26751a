import { type ServiceProfile } from '@callweave/contracts';
import { type NatsPermissions, natsPermissions } from './permissions.ts';

/** Name of the user that may do everything: the one of operators, and of who provisions. */
export const operatorUser = 'operator';

export interface ServerConfigInput {
  readonly host: string;
  readonly port: number;
  /** Where the server tells of its health, on `host`; nowhere unless given. */
  readonly httpPort?: number;
  readonly storeDir: string;
  readonly profiles: readonly ServiceProfile[];
  /** Password of a user. */
  readonly password: (user: string) => string;
}

interface NatsUser {
  readonly user: string;
  readonly password: string;
  readonly permissions?: NatsPermissions;
}

/**
 * Configuration of a nats-server (JSON, which it reads as well): JetStream, a user per service that may do what the
 * service's profile says, the operator who may do everything, and nobody else.
 */
export function natsServerConfig({ host, port, httpPort, storeDir, profiles, password }: ServerConfigInput): string {
  const users: NatsUser[] = [
    { user: operatorUser, password: password(operatorUser) },
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
    ...(httpPort === undefined ? {} : { http: `${host}:${String(httpPort)}` }),
    // A peer that is frozen or cut off is given up after some four seconds.
    ping_interval: '2s',
    ping_max: 2,
    jetstream: { store_dir: storeDir },
    authorization: { users },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
