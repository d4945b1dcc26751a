import { type Connection } from '@callweave/bus';
import { controlFaults, instancesBucket, Lease, parseContract, type SetFault } from '@callweave/contracts';
import { type z } from 'zod';

type Question = z.input<(typeof controlFaults)['request']>;
/** A fault as it is asked for. */
export type AskedFault = Extract<Question, { ask: 'set' }>['fault'];

const ANSWER_MS = 2_000;

/** Sets a fault in one process, which must run with CALLWEAVE_FAULTS=on. What is set there now. */
export async function setFault(bus: Connection, instance: string, fault: AskedFault): Promise<readonly SetFault[]> {
  return ask(bus, instance, { ask: 'set', fault });
}

/** Clears what is set in every process of a service. */
export async function clearFaults(bus: Connection, service: string): Promise<void> {
  for (const instance of await rehearsing(bus, service)) await ask(bus, instance, { ask: 'clear' });
}

/** The processes of a service in which faults may be set. */
export async function rehearsing(bus: Connection, service: string): Promise<string[]> {
  const { jsm } = bus;
  const stream = `KV_${instancesBucket.name}`;
  const { state } = await jsm.streams.info(stream, {
    subjects_filter: `$KV.${instancesBucket.name}.${instancesBucket.keys({ service })}`,
  });
  const found: string[] = [];
  for (const subject of Object.keys(state.subjects ?? {})) {
    const { instance } = Lease.parse((await jsm.streams.getMessage(stream, { last_by_subj: subject })).json());
    const answers = await ask(bus, instance, { ask: 'list' }).then(
      () => true,
      () => false,
    );
    if (answers) found.push(instance);
  }
  return found;
}

async function ask({ nc }: Connection, instance: string, question: Question): Promise<readonly SetFault[]> {
  const reply = await nc.request(controlFaults.subject({ instance }), JSON.stringify(question), { timeout: ANSWER_MS });
  return parseContract(controlFaults.pattern, controlFaults.response, reply.json()).faults;
}
