import { type Publisher } from '@callweave/bus';
import { type CallId, CallRecord } from '@callweave/contracts';
import { z } from 'zod';
import { type Side } from './session.ts';

const LeftWord = z.enum(['acknowledged', 'over', 'caller-left', 'callee-left']);
/**
 * What became of an answered call: of one that is not stored, that its caller has acknowledged it, and that it is over; of
 * any, who has hung up.
 */
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
  /** Who has hung up, and was answered, without the other side having heard of it. */
  leftBy(callId: CallId): Side | undefined;
  /** Those both sides of which were talking while nothing could be stored of them. */
  talking(): CallRecord[];
}

/** Reads them from the journals that a publisher has adopted. */
export function leftCalls(publisher: Pick<Publisher, 'notesAbout' | 'noted'>): LeftCalls {
  const notesOf = (about: string): z.infer<typeof Note>[] =>
    publisher.notesAbout(about).flatMap((value) => {
      const note = Note.safeParse(value);
      return note.success ? [note.data] : [];
    });
  const read = (about: string): (LeftCall & { readonly isOver: boolean }) | undefined => {
    const notes = notesOf(about);
    const call = notes.find((note) => typeof note === 'object');
    if (call === undefined) return undefined;
    return { call, isAcknowledged: notes.includes('acknowledged'), isOver: notes.includes('over') };
  };
  return {
    byId: (callId) => read(callId),
    leftBy: (callId) => {
      const notes = notesOf(callId);
      return (['caller', 'callee'] as const).find((side) => notes.includes(`${side}-left`));
    },
    talking: () =>
      publisher.noted().flatMap((about) => {
        const left = read(about);
        return left?.isAcknowledged === true && !left.isOver ? [left.call] : [];
      }),
  };
}
