import { type InstanceId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { type Flow } from '../flow-token.ts';

export interface FlowDeps {
  readonly engineInstance: () => InstanceId;
  /** Our address for the route of later requests, `host:port`. */
  readonly ownAddress: (transport: string) => string;
}

/** The way a request came, by which its sender is reached again. */
export function requestFlow(
  { source: remote, transport, receivedOn }: IncomingRequest,
  { engineInstance, ownAddress }: FlowDeps,
): Flow {
  return { instance: engineInstance(), transport, local: receivedOn ?? ownAddress(transport), remote };
}
