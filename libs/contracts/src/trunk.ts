import { z } from 'zod';
import { defineBucket } from './define.ts';
import { Tenant } from './primitives.ts';

export const TrunkId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower case letters, digits and -');
export type TrunkId = z.infer<typeof TrunkId>;

/** A network as `198.51.100.0/24` or `2001:db8::/32`; one host is a /32 or a /128. */
export const Cidr = z.union([z.cidrv4(), z.cidrv6()], 'expected a network such as 198.51.100.0/24');

/** A carrier or a PBX of a customer, known by where it sends from (S126): it proves nothing else, and says who calls. */
export const Trunk = z.object({
  tenant: Tenant,
  trunk: TrunkId,
  /** None: what was a trunk is one no more. */
  networks: z.array(Cidr).max(64),
});
export type Trunk = z.infer<typeof Trunk>;

export const trunksBucket = defineBucket('trunks', {
  summary: 'Carriers and PBXs, which are known by their addresses.',
  pattern: '{tenant}.{trunk}',
  value: Trunk,
});
