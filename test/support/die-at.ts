import { type FaultPoint } from '@callweave/contracts';
import { setFault } from './faults.ts';
import { type SippResult } from './sipp.ts';
import { type TwoEdges } from './two-edges.ts';
import { type UdpRouter } from './udp-router.ts';
import { until } from './until.ts';

/** Longer than a second edge needs to come up. */
const TALK_MS = 4_000;

/** Slow enough for one call to be up before the next one begins. */
const RATE = 2;

/** How many have called so far. */
function callersOf({ passed }: UdpRouter): number {
  const invites = passed.filter(({ from, line }) => from === 'phone' && line.startsWith('INVITE '));
  return new Set(invites.map(({ callId }) => callId)).size;
}

/**
 * Places calls one after the other, of which one kills the first edge when it passes a point for the `pass`-th time, and
 * starts that edge again when all have called; its engine lives on. What both sides saw.
 */
export async function dieAt(
  edges: TwoEdges,
  { at, pass }: { at: FaultPoint; pass: number },
  calls: number,
): Promise<[SippResult, SippResult]> {
  const { first } = edges;
  await setFault(edges.bus, first.instance(), { kind: 'exit', at, pass });
  const talking = edges.load.talk({ calls, rate: RATE, talkMs: TALK_MS, changes: true, patienceMs: 60_000 });
  try {
    await until(`the edge dies ${at}`, () => !first.isRunning('edge'), 30_000);
  } catch (cause) {
    const errors = (await talking).map((phone) => phone.errors).join('\n');
    throw new Error(`it does not die; the phones: ${errors}; the edge: ${first.logs()}`, { cause });
  }
  // Nobody is there for those who call last.
  await until('everybody has called', () => callersOf(edges.router) >= calls, 30_000);
  await first.revive();
  return talking;
}
