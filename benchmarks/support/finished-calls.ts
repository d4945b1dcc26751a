import { type Connection } from '@callweave/bus';
import {
  callAnswered,
  callEnded,
  callInitiated,
  callRecorded,
  callRinging,
  callRouted,
  callsStream,
  cdrsStream,
} from '@callweave/contracts';
import { z } from 'zod';

/** What is told of a call that is answered and hung up, and where it is stored. */
const TOLD = [
  ...[callInitiated, callRouted, callRinging, callAnswered, callEnded].map(
    (event) => [callsStream.name, event] as const,
  ),
  [cdrsStream.name, callRecorded] as const,
];
/** Calls that are told at once. */
const AT_ONCE = 200;
/** Of an id, what tells copies apart; the rest says when the call began. */
const COUNTED = 8;

/**
 * Tells of so many calls what was told of the last one that finished, each under an id of its own: what the bus keeps of a
 * million calls does not show after some thousand.
 */
export async function copyFinishedCalls({ jsm, nc }: Connection, count: number): Promise<void> {
  const last = await jsm.streams.getMessage(cdrsStream.name, { last_by_subj: callRecorded.filter });
  const { tenant, callId } = z.object({ data: callRecorded.data }).parse(last.json()).data;
  const told = await Promise.all(
    TOLD.map(async ([stream, event]) => {
      const subject = event.subject({ tenant, callId });
      const { data } = await jsm.streams.getMessage(stream, { last_by_subj: subject });
      return { subject, text: new TextDecoder().decode(data) };
    }),
  );
  const js = nc.jetstream();
  for (let first = 0; first < count; first += AT_ONCE) {
    const copies = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, n) => {
      const id = `${callId.slice(0, -COUNTED)}${String(first + n).padStart(COUNTED, '0')}`;
      const own = (of: string): string => of.replaceAll(callId, id);
      return told.map(({ subject, text }) => js.publish(own(subject), own(text), { msgID: own(subject) }));
    });
    await Promise.all(copies.flat());
  }
}
