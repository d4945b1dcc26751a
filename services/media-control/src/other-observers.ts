import { type Bus, BusError } from '@callweave/bus';
import { type InstanceId, listMediaNodes } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type OtherObservers } from './verdicts.ts';

/** Longest another replica is waited for: one that is gone must not keep calls silent. */
const ASK_MS = 300;

/** Asks the other replicas. */
export function busObservers(bus: Bus, own: InstanceId, log: Logger): OtherObservers {
  const ask = async (peer: string, address: string): Promise<readonly boolean[]> => {
    try {
      const asking = { first: peer, deadlineMs: ASK_MS, attemptMs: ASK_MS };
      const { observer, nodes } = await bus.ask(listMediaNodes, {}, {}, asking);
      const seen = nodes.find((node) => node.address === address);
      // Where the one that is asked is suspected to be gone any replica answers, be it this one.
      return seen === undefined || observer === own ? [] : [seen.up];
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      ignore(log, error, 'whoever does not answer sees nothing');
      return [];
    }
  };
  return {
    see: async (address) => {
      const others = bus.peers().filter((peer) => peer !== own);
      const seen = (await Promise.all(others.map((peer) => ask(peer, address)))).flat();
      return seen.length === 0 ? 'nobody' : seen.includes(false) ? 'down' : 'up';
    },
  };
}
