import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePortOn } from './free-port.ts';
import { type SharedAddress } from './shared-edges.ts';

const run = promisify(execFile);

/** Networks of such addresses that there may be at a time. */
const MAX_NETWORKS = 100;

/** An anycast address (RFC 4786): two machines have it, each a network namespace, and the phones' route leads to one. */
export interface MovingAddress extends SharedAddress {
  /** Leads to this machine what phones send from now on. */
  moveTo(machine: 0 | 1): Promise<void>;
}

/** Makes a bridge, with the phones' address, and two machines at it; the address is with the first. Wants root. */
export async function openMovingAddress(): Promise<MovingAddress> {
  const { bridge, net } = await openBridge();
  const [phones, host] = [`${net}.1`, `${net}.129`];
  const machines = [`${bridge}-0`, `${bridge}-1`] as const;
  const own = [`${net}.11`, `${net}.12`] as const;
  const moveTo = async (machine: 0 | 1): Promise<void> => {
    await ip('route', 'replace', `${host}/32`, 'via', own[machine], 'dev', bridge);
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(machines.map((machine) => ip('netns', 'del', machine)));
    await ip('link', 'del', bridge);
  };
  const attach = async (index: 0 | 1): Promise<void> => {
    const [machine, end] = [machines[index], `${bridge}v${String(index)}`];
    await ip('netns', 'add', machine);
    await ip('link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine);
    await ip('link', 'set', end, 'master', bridge, 'up');
    await ip('-n', machine, 'addr', 'add', `${own[index]}/25`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await ip('-n', machine, 'link', 'set', device, 'up');
    await ip('-n', machine, 'addr', 'add', `${host}/32`, 'dev', 'lo');
  };
  try {
    await ip('addr', 'add', `${phones}/25`, 'dev', bridge);
    await ip('link', 'set', bridge, 'up');
    await attach(0);
    await attach(1);
    await moveTo(0);
  } catch (error) {
    await close();
    throw error;
  }
  const port = await freePortOn([phones]);
  const at = (index: 0 | 1) => ({ host, port, within: { namespace: machines[index], host: own[index] } });
  return { address: `${host}:${String(port)}`, edges: [at(0), at(1)], phones, moveTo, close };
}

/** Whoever makes the bridge of a number has its network to itself. */
async function openBridge(): Promise<{ readonly bridge: string; readonly net: string }> {
  for (let number = 0; number < MAX_NETWORKS; number++) {
    const bridge = `cw${String(number)}`;
    try {
      await ip('link', 'add', bridge, 'type', 'bridge');
      return { bridge, net: `10.199.${String(number)}` };
    } catch (error) {
      if (!String(error).includes('File exists')) throw error;
    }
  }
  throw new Error('too many networks of tests are left');
}

function ip(...args: string[]): Promise<{ stdout: string }> {
  return run('ip', args);
}
