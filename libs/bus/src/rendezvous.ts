import { createHash } from 'node:crypto';

/** The instances in the order in which they should act for `key`; every replica computes the same (HRW hashing). */
export function rendezvousOrder(key: string, instances: readonly string[]): string[] {
  const weight = (instance: string): string => createHash('sha256').update(`${instance}\0${key}`).digest('hex');
  return instances
    .map((instance) => ({ instance, weight: weight(instance) }))
    .sort((a, b) => (a.weight < b.weight ? 1 : -1))
    .map(({ instance }) => instance);
}
