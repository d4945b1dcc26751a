import { freePortOn } from './free-port.ts';
import { type SharedAddress, SharedEdges } from './shared-edges.ts';
import { openUdpRouter, type UdpRouter } from './udp-router.ts';

export { CALLS } from './shared-edges.ts';

const SHARED = '127.0.0.10';
const OWN = ['127.0.0.11', '127.0.0.12'] as const;

/** An address that a router of ours stands for. */
interface RoutedAddress extends SharedAddress {
  readonly router: UdpRouter;
}

/** Two edges behind a router, which sees all that passes. */
export class TwoEdges extends SharedEdges<RoutedAddress> {
  constructor(settings?: ConstructorParameters<typeof SharedEdges<RoutedAddress>>[1]) {
    super(behindRouter, settings);
  }

  get router(): UdpRouter {
    return this.shared.router;
  }
}

async function behindRouter(): Promise<RoutedAddress> {
  const port = await freePortOn([SHARED, ...OWN]);
  const [first, second] = OWN.map((host) => ({ host, port, externalIp: SHARED }));
  if (first === undefined || second === undefined) throw new Error('two edges have two addresses');
  const router = await openUdpRouter({ host: SHARED, port }, `${first.host}:${String(port)}`);
  return { address: router.address, edges: [first, second], phones: '127.0.0.1', router, close: () => router.close() };
}
