/** A server of a service, RFC 2782. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/**
 * The servers in the order in which they are to be tried, RFC 2782: those of the lowest priority first, and of the same
 * priority each with a chance in proportion to its weight. `random` gives numbers from 0 up to, not including, 1.
 */
export function inSrvOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.flatMap((wanted) =>
    byWeight(
      records.filter(({ priority }) => priority === wanted),
      random,
    ),
  );
}

function byWeight(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // Those of weight 0 come first, so that they have a small chance at all.
  const left = [...records].sort((a, b) => Math.sign(a.weight) - Math.sign(b.weight));
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    ordered.push(...left.splice(total === 0 ? Math.floor(random() * left.length) : draw(left, total, random), 1));
  }
  return ordered;
}

/** The place of the first whose weight, with all before it, reaches a random number from 0 to the sum of all. */
function draw(records: readonly SrvRecord[], total: number, random: () => number): number {
  const drawn = Math.floor(random() * (total + 1));
  let sum = 0;
  return records.findIndex(({ weight }) => (sum += weight) >= drawn);
}
