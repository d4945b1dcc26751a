import { type InstanceId } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { type Flow } from '../flow-token.ts';

export interface FlowDeps {
  readonly engineInstance: () => InstanceId;
  /** Our address for the route of later requests of whoever sent this one, `host:port`. */
  readonly ownAddress: (request: IncomingRequest) => string;
}

/** The way a request came, by which its sender is reached again. */
export function requestFlow(request: IncomingRequest, { engineInstance, ownAddress }: FlowDeps): Flow {
  const { source: remote, transport, receivedOn } = request;
  return { instance: engineInstance(), transport, local: receivedOn ?? ownAddress(request), remote };
}
