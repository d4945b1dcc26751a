import { type Publisher } from '@callweave/bus';
import { type CallId, CallRecord } from '@callweave/contracts';
import { z } from 'zod';

const LeftWord = z.enum(['acknowledged', 'over']);
/** What became of an answered call of which nothing is stored. */
export type LeftWord = z.infer<typeof LeftWord>;

const Note = z.union([LeftWord, CallRecord]);

/** An answered call as its edge has left it in its journal. */
export interface LeftCall {
  readonly call: CallRecord;
  /** Both sides know that it is answered. */
  readonly isAcknowledged: boolean;
}

/** The answered calls that dead edges at this place have left in their journals, stored or not. */
export interface LeftCalls {
  byId(callId: CallId): LeftCall | undefined;
  /** Those both sides of which were talking while nothing could be stored of them. */
  talking(): CallRecord[];
}

/** Reads them from the journals that a publisher has adopted. */
export function leftCalls(publisher: Pick<Publisher, 'notesAbout' | 'noted'>): LeftCalls {
  const read = (about: string): (LeftCall & { readonly isOver: boolean }) | undefined => {
    const notes = publisher.notesAbout(about).flatMap((value) => {
      const note = Note.safeParse(value);
      return note.success ? [note.data] : [];
    });
    const call = notes.find((note) => typeof note === 'object');
    if (call === undefined) return undefined;
    return { call, isAcknowledged: notes.includes('acknowledged'), isOver: notes.includes('over') };
  };
  return {
    byId: (callId) => read(callId),
    talking: () =>
      publisher.noted().flatMap((about) => {
        const left = read(about);
        return left?.isAcknowledged === true && !left.isOver ? [left.call] : [];
      }),
  };
}
