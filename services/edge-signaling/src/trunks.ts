import { type BlockList, isIPv6 } from 'node:net';
import { type Bus } from '@callweave/bus';
import { type Trunk, trunksBucket } from '@callweave/contracts';
import { addressOfSource, blockListOf } from './networks.ts';
import { type TrunkDirectory } from './ports.ts';

interface TrunkNetwork {
  readonly trunk: Trunk;
  /** Bits of its prefix. */
  readonly bits: number;
  readonly list: BlockList;
}

/** Trunks by where they send from, as they change. */
export interface WatchedTrunks extends TrunkDirectory {
  /** When all have been heard of; before, one of them would be asked for a password. */
  readonly known: Promise<void>;
}

/** Trunks by address, kept current by a watch. Of networks within each other the narrowest one counts. */
export function openTrunks(bus: Pick<Bus, 'watch'>): WatchedTrunks {
  const networksByKey = new Map<string, readonly TrunkNetwork[]>();
  let narrowestFirst: readonly TrunkNetwork[] = [];
  let know: () => void = () => undefined;
  const known = new Promise<void>((resolve) => (know = resolve));
  bus.watch(trunksBucket, {
    onRecord: (key, trunk) => {
      networksByKey.set(key, networksOf(trunk));
      narrowestFirst = [...networksByKey.values()].flat().sort((a, b) => b.bits - a.bits);
    },
    onCurrent: know,
  });
  return {
    known,
    bySource: (source) => {
      if (narrowestFirst.length === 0) return undefined;
      const address = addressOfSource(source);
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      return narrowestFirst.find(({ list }) => list.check(address, family))?.trunk;
    },
  };
}

function networksOf(trunk: Trunk): TrunkNetwork[] {
  return trunk.networks.map((cidr) => ({
    trunk,
    bits: Number(cidr.slice(cidr.indexOf('/') + 1)),
    list: blockListOf([cidr]),
  }));
}
