import { type Publisher } from '@callweave/bus';
import { type Clock } from '@callweave/clock';
import { CallId, CallRecord, Tenant } from '@callweave/contracts';
import { type LeftInvite } from '@callweave/srf';
import { z } from 'zod';

/** By then somebody has taken the call over. */
const UNHEARD_MS = 60_000;

const Departure = z.object({ left: z.enum(['caller', 'callee']), atMs: z.number() });
/** Who has hung up, and was answered, without the other side having heard of it; when, epoch ms. */
export type Departure = z.infer<typeof Departure>;

const Invite = z.object({ uri: z.string(), peer: z.string(), headers: z.record(z.string(), z.string()) });
const Asked = z.object({ asked: Invite });
const Called = z.object({ called: Invite });

const Unheard = z.object({ unheardAtMs: z.number() });

const Move = z.object({ tenant: Tenant, movesTo: CallId, atMs: z.number() });

const LeftWord = z.union([z.enum(['acknowledged', 'stored', 'over']), Departure, Unheard, Asked, Called, Move]);
/**
 * What became of a call: that it is over, who has hung up, of an answered one not stored yet that its caller knows, and
 * that it is stored since, or of any that its engine has died with the answer; the INVITEs of one that rings: who has asked for it, and who was called;
 * and the media session that one whose node is gone was about to be moved to.
 */
export type LeftWord = z.infer<typeof LeftWord>;

const Note = z.union([LeftWord, CallRecord]);
/** What an edge leaves in its journal about a call: how it is as it begins and is answered, and what became of it. */
export type Note = z.infer<typeof Note>;

/** An answered call as its edge has left it in its journal. */
export interface LeftCall {
  readonly call: CallRecord;
  /** Both sides know that it is answered. */
  readonly isAcknowledged: boolean;
}

/** The INVITEs of a call that is not answered, as far as they went by UDP. */
export interface LeftInvites {
  readonly asked: LeftInvite | undefined;
  readonly called: readonly LeftInvite[];
}

/** A media session that was begun for a call. */
export interface LeftMove {
  readonly tenant: Tenant;
  readonly mediaId: CallId;
  /** When, epoch ms. */
  readonly atMs: number;
}

/** The calls that edges at this place have left in their journals, this one too, stored or not. */
export interface LeftCalls {
  answered(callId: CallId): LeftCall | undefined;
  departure(callId: CallId): Departure | undefined;
  /** Whether somebody has hung up without its end being told. */
  isEnding(callId: CallId): boolean;
  /** Whether the caller may not have heard that it is answered, though it is stored; for a minute. */
  isUnheard(callId: string): boolean;
  invites(callId: CallId): LeftInvites;
  /** Those that were not over, as far as they had come, the talking ones apart; most are stored. */
  begun(): CallRecord[];
  /** Media sessions that calls were to be moved to, whether they were or not. */
  moves(): LeftMove[];
  /** Those both sides of which were talking while nothing could be stored of them. */
  talking(): CallRecord[];
}

/** Reads them from the journals that a publisher has adopted, and from its own. */
export function leftCalls(
  publisher: Pick<Publisher, 'notesAbout' | 'noted'>,
  clock: Pick<Clock, 'epochMs'>,
): LeftCalls {
  const notesOf = (about: string): Note[] =>
    publisher
      .notesAbout(about)
      .flat()
      .flatMap((value) => {
        const note = Note.safeParse(value);
        return note.success ? [note.data] : [];
      });
  const read = (about: string): (LeftCall & { readonly isDone: boolean }) | undefined => {
    const notes = notesOf(about);
    const call = notes.findLast((note) => typeof note === 'object' && 'callId' in note);
    if (call === undefined) return undefined;
    // The records say of a stored one how it went on.
    const isDone = notes.includes('over') || notes.includes('stored');
    return { call, isAcknowledged: notes.includes('acknowledged'), isDone };
  };
  const underWay = (isAcknowledged: boolean): CallRecord[] =>
    publisher.noted().flatMap((about) => {
      const left = read(about);
      return left === undefined || left.isDone || left.isAcknowledged !== isAcknowledged ? [] : [left.call];
    });
  return {
    answered: (callId) => {
      const left = read(callId);
      return left?.call.state === 'answered' ? left : undefined;
    },
    isEnding: (callId) => departureIn(notesOf(callId)) !== undefined && !notesOf(callId).includes('over'),
    // Asked about every call whenever a journal is tidied, and of next to none is it so.
    isUnheard: (callId) =>
      publisher.notesAbout(callId).some((note) => {
        if (typeof note !== 'object' || note === null || !('unheardAtMs' in note)) return false;
        const unheard = Unheard.safeParse(note);
        return unheard.success && clock.epochMs() - unheard.data.unheardAtMs < UNHEARD_MS;
      }),
    invites: (callId) => {
      const notes = notesOf(callId).filter((note) => typeof note === 'object');
      return {
        asked: notes.flatMap((note) => ('asked' in note ? [note.asked] : []))[0],
        called: notes.flatMap((note) => ('called' in note ? [note.called] : [])),
      };
    },
    departure: (callId) => departureIn(notesOf(callId)),
    moves: () =>
      publisher.noted().flatMap((about) =>
        publisher.notesAbout(about).flatMap((note) => {
          const move = Move.safeParse(note);
          if (!move.success) return [];
          const { tenant, movesTo: mediaId, atMs } = move.data;
          return [{ tenant, mediaId, atMs }];
        }),
      ),
    begun: () => underWay(false),
    talking: () => underWay(true),
  };
}

function departureIn(notes: readonly Note[]): Departure | undefined {
  return notes.find((note) => typeof note === 'object' && 'left' in note);
}
