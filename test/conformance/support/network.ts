import { once } from 'node:events';
import { createServer } from 'node:net';

/** A block of loopback addresses that no other run uses while this one does. */
export interface Network {
  /** `127.x.y`, to which a last number is added. */
  readonly prefix: string;
  release(): void;
}

/** The address whose port marks a block as taken; nothing is ever sent there. */
const CLAIM = { host: 254, port: 5059 };

/** Takes a block, as Docker would make a network. */
export async function claimNetwork(): Promise<Network> {
  for (;;) {
    const prefix = `127.${anyOf(1, 254)}.${anyOf(0, 255)}`;
    const claim = createServer();
    claim.listen(CLAIM.port, `${prefix}.${CLAIM.host}`);
    try {
      await once(claim, 'listening');
      return { prefix, release: () => claim.close() };
    } catch {
      // Another run has it.
      claim.close();
    }
  }
}

function anyOf(first: number, last: number): number {
  return first + Math.floor(Math.random() * (last - first + 1));
}
