import { z } from 'zod';
import { defineBucket } from './define.ts';
import { Tenant } from './primitives.ts';

export const TrunkId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower case letters, digits and -');
export type TrunkId = z.infer<typeof TrunkId>;

/** A trunk is one peer and not a part of the Internet: a slip of the keyboard must not let everybody in. */
const WIDEST = { v4: 16, v6: 32 };

/** A network as `198.51.100.0/24` or `2001:db8::/32`; one host is a /32 or a /128. */
export const TrunkNetwork = z
  .union([z.cidrv4(), z.cidrv6()], 'expected a network such as 198.51.100.0/24')
  .refine(
    (cidr) => Number(cidr.slice(cidr.indexOf('/') + 1)) >= (cidr.includes(':') ? WIDEST.v6 : WIDEST.v4),
    `wider than /${WIDEST.v4} (IPv4) or /${WIDEST.v6} (IPv6)`,
  );

/** A carrier or a PBX of a customer, known by where it sends from (S126): it proves nothing else, and says who calls. */
export const Trunk = z.object({
  tenant: Tenant,
  trunk: TrunkId,
  /** None: what was a trunk is one no more. */
  networks: z.array(TrunkNetwork).max(64),
});
export type Trunk = z.infer<typeof Trunk>;

export const trunksBucket = defineBucket('trunks', {
  summary: 'Carriers and PBXs, which are known by their addresses.',
  pattern: '{tenant}.{trunk}',
  value: Trunk,
});
