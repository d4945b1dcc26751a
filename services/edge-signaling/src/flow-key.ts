import { randomBytes } from 'node:crypto';
import { type Bus } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { flowKeysBucket } from '@callweave/contracts';

const PURPOSE = { purpose: 'flow' };
const KEY_BYTES = 32;

/** The key that seals flow tokens, the same for every edge; the first edge ever makes it. */
export async function openFlowKey(bus: Bus, clock: Clock): Promise<Uint8Array> {
  const ring = await bus.bucket(flowKeysBucket).modify(PURPOSE, (current) => {
    if (current !== undefined) return 'keep';
    const secret = randomBytes(KEY_BYTES).toString('base64');
    return { set: { keys: [{ id: randomBytes(4).toString('hex'), secret, createdAt: clock.epochMs() }] } };
  });
  return Buffer.from(ring?.keys[0]?.secret ?? '', 'base64');
}
