import getPort from 'get-port';

/** A port of the loopback address that nobody uses at this moment. */
export function freePort(): Promise<number> {
  return getPort({ host: '127.0.0.1' });
}
