import { freePortOn } from './free-port.ts';
import { type Settings, type SharedAddress, SharedEdges } from './shared-edges.ts';
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
  constructor(settings?: () => Settings | Promise<Settings>) {
    super(behindRouter, settings);
  }

  get router(): UdpRouter {
    return this.shared.router;
  }
}

async function behindRouter(): Promise<RoutedAddress> {
  const port = await freePortOn([SHARED, ...OWN]);
  const at = (host: string) => ({ host, port, externalIp: SHARED });
  const router = await openUdpRouter({ host: SHARED, port }, `${OWN[0]}:${String(port)}`);
  const edges = [at(OWN[0]), at(OWN[1])] as const;
  return { address: router.address, edges, phones: '127.0.0.1', router, close: () => router.close() };
}
