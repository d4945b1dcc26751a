import { type InstanceId, type LegId } from '@callweave/contracts';
import {
  type HeaderValues,
  type IncomingRequest,
  type OutgoingEvents,
  type OutgoingRequest,
  type SentRequest,
} from '@callweave/srf';
import { cseqOf, type DialogIdentity, type DialogState, type TargetRefresh } from './dialog.ts';
import { DialogOverError } from './errors.ts';

/** How a leg sends; the engine behind it knows transports and transactions. */
export type SendRequest = (request: OutgoingRequest, events: OutgoingEvents) => SentRequest;

/** Sends by way of another edge, as long as that is not ourselves; undefined: by our own engine. */
export type SendThrough = (edge: InstanceId | undefined) => SendRequest;

/** A request of ours inside a dialog, which says the rest. */
export type InDialog = Pick<OutgoingRequest, 'method' | 'headers' | 'body'>;

/** What is seen in a dialog. */
export interface DialogEvents {
  bye(request: IncomingRequest): void;
  lost(): void;
  /** A request inside the dialog that is neither ACK nor BYE. */
  request(request: IncomingRequest): Promise<void>;
  /** An ACK, of the INVITE or of a later one. */
  acknowledged(sdp: string | undefined): void;
  /** The leg is over and holds nothing any more. */
  disposed(): void;
}

/** One SIP dialog of ours, whoever opened it. */
export interface Leg {
  /** Also our tag. */
  readonly legId: LegId;
  readonly identity: DialogIdentity;
  readonly dialog: DialogState;
  /** Where its trace goes on, as a `traceparent`; undefined when nothing traces. */
  readonly trace: string | undefined;
  /** The other edge whose engine has the dialog; undefined when it is ours. */
  readonly edge: InstanceId | undefined;
  /** Whether the peer may not have heard of the dialog: it is not certain that our answer has left. */
  readonly isUnheard?: boolean;
  /** A request of the peer inside the dialog. */
  receive(request: IncomingRequest): Promise<void>;
  /** Sends a request of our own inside the dialog. */
  request(request: InDialog, events: OutgoingEvents): SentRequest;
  /** A re-INVITE or UPDATE of the peer that was accepted, or its 2xx to one of ours, says where it is now. */
  refreshTarget(message: TargetRefresh): void;
  /** Ends the dialog in the way its state asks for: CANCEL or BYE. */
  hangUp(headers?: HeaderValues): void;
  /** Lets go of the dialog without a word: it is another edge's now. */
  drop(): void;
}

/** Passes on what `events` are told, and the number under which a request of ours left to `note`. */
export function notingCseq(events: OutgoingEvents, note: (localCseq: number) => void): OutgoingEvents {
  return {
    ...events,
    sent: (sent) => {
      note(cseqOf(sent));
      events.sent?.(sent);
    },
  };
}

/** A request in a dialog that is over, or another edge's now, is not sent: who began it did not know yet. */
export function unsent({ failed }: OutgoingEvents): SentRequest {
  queueMicrotask(() => failed(new DialogOverError()));
  return { cancel: () => undefined };
}

/** For requests whose outcome changes nothing: the dialog is over either way. */
export const silent: OutgoingEvents = { responded: () => undefined, failed: () => undefined };

/** The dialogs of this edge by our tag. */
export class LegTable {
  readonly #legs = new Map<string, Leg>();

  get size(): number {
    return this.#legs.size;
  }

  add(leg: Leg): void {
    this.#legs.set(leg.legId, leg);
  }

  delete(legId: LegId): void {
    this.#legs.delete(legId);
  }

  byId(legId: LegId): Leg | undefined {
    return this.#legs.get(legId);
  }

  /** The leg with our tag, if Call-ID and remote tag are its own too. */
  find(localTag: string, { callId, remoteTag }: DialogIdentity): Leg | undefined {
    const leg = this.#legs.get(localTag);
    return leg?.identity.callId === callId && leg.identity.remoteTag === remoteTag ? leg : undefined;
  }
}
