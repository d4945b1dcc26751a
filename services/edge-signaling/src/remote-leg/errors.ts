import { type InstanceId } from '@callweave/contracts';

/** The edge that a request had to leave by is gone, frozen, or cannot send now. */
export class EdgeLostError extends Error {
  readonly code = 'EDGE_LOST';
  readonly edge: InstanceId;

  constructor(edge: InstanceId) {
    super(`edge ${edge} does not send`);
    this.name = 'EdgeLostError';
    this.edge = edge;
  }
}
