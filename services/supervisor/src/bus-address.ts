import { operatorUser } from '@callweave/bus';
import { type PlatformFile } from '@callweave/service';
import { type BusAddress } from './process-table.ts';
import { type Secrets } from './secrets.ts';

/** Where the bus is: our own server with a user per service, or the one of `url` with the user that is named there. */
export function busAddress(
  own: { readonly host: string; readonly port: number | undefined },
  url: string | undefined,
  secrets: Secrets,
): BusAddress {
  if (url === undefined) {
    return {
      url: `nats://${own.host}:${own.port ?? 0}`,
      credentials: (service) => ({ user: service, password: secrets.natsPasswords[service] ?? '' }),
    };
  }
  const servers = url.split(',').map((server) => new URL(server));
  const named = servers.find(({ username }) => username !== '');
  const credentials = {
    user: decodeURIComponent(named?.username ?? ''),
    password: decodeURIComponent(named?.password ?? ''),
  };
  return {
    url: servers.map(({ protocol, host }) => `${protocol}//${host}`).join(','),
    credentials: () => credentials,
  };
}

/** The bus as an operator's connection needs it. */
export function operatorAccess(bus: BusAddress): PlatformFile['nats'] {
  const { user, password } = bus.credentials(operatorUser);
  return user === '' ? { url: bus.url } : { url: bus.url, user, password };
}
