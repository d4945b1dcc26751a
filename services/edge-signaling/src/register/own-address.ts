import { type MediaNetwork } from '@callweave/contracts';
import { type EngineContact, type IncomingRequest } from '@callweave/srf';

/**
 * Our `host:port` as the sender of a request is to be told it: of the socket that it came to, and of that the address of
 * his side. Of a socket that is not known the first of that transport; undefined when the engine has told of none.
 */
export function ownAddress(
  contacts: readonly EngineContact[],
  { transport, receivedOn }: Pick<IncomingRequest, 'transport' | 'receivedOn'>,
  side: MediaNetwork | undefined,
): string | undefined {
  const usable = contacts.filter((contact) => contact.transport === transport);
  const contact = usable.find(({ local }) => local === receivedOn) ?? usable[0] ?? contacts[0];
  return side === 'private' ? contact?.local : contact?.hostPort;
}
