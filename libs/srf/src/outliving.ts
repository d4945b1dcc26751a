import { ignore, type Logger } from '@callweave/telemetry';
import { EngineGoneError } from './errors.ts';
import { type IncomingRequest, type ReadableMessage } from './incoming-request.ts';
import { ackFor, cancelFor, leftInvite, type LeftInvite, refusalFor, sentInvite } from './on-behalf.ts';
import {
  type IncomingResponse,
  type NoteCancel,
  type OutgoingEvents,
  type OutgoingRequest,
  type SentRequest,
} from './outgoing-request.ts';
import { Unsaid } from './unsaid.ts';

/** Sends by the engine that is there now. */
export type Send = (request: OutgoingRequest, events: OutgoingEvents, noteCancel?: NoteCancel) => SentRequest;

/**
 * What is said although the engine dies that should have said it: callers whose INVITE it had are refused, its INVITEs are
 * cancelled, and a BYE waits for the next engine. RFC 3261 §8.2.6, §9.1, §15
 */
export class Outliving {
  readonly #send: Send;
  readonly #log: Logger;
  readonly #unsaid = new Unsaid();
  /** BYEs under way; what became of them in an engine that was away for a moment nobody knows. */
  readonly #byes = new Unsaid();
  /** The present connection, or the next. */
  #connection = {};
  /** BYEs that wait for an engine. */
  #farewells: (() => void)[] = [];
  #isApart = true;
  /** The engine that is there or was last; undefined for one that does not tell, nor speaks for another. */
  #engine: string | undefined;

  constructor({ send, log }: { readonly send: Send; readonly log: Logger }) {
    this.#send = send;
    this.#log = log;
  }

  /** There is an engine. */
  entered(engine: string | undefined): void {
    this.#isApart = false;
    this.#engine = engine;
    this.#unsaid.entered(engine);
    this.#byes.entered(this.#connection);
    for (const say of this.#farewells.splice(0)) say();
  }

  /** There is none, or one that does not answer. */
  left(how: 'apart' | 'silent'): void {
    this.#isApart = how === 'apart';
    if (this.#isApart) this.#connection = {};
    this.#unsaid.left();
    this.#byes.left();
  }

  /** Sends an INVITE; whoever cancels it need not know which engine is there. */
  invite(request: OutgoingRequest, events: OutgoingEvents): SentRequest {
    const engine = this.#engine;
    if (engine === undefined) return this.#send(request, events);
    let heard: IncomingResponse | undefined;
    const responded = (response: IncomingResponse): void => {
      heard = response;
      events.responded(response);
    };
    return this.#send(request, { ...events, responded }, (sent, headers) =>
      this.#unsaid.begin(engine, () => {
        // Nothing is cancelled that was not answered at all, RFC 3261 §9.1.
        const invite = heard === undefined ? undefined : sentInvite(sent, request.uri, heard);
        if (invite !== undefined) this.#say(cancelFor(invite, headers));
      }),
    );
  }

  /** Sends a BYE: nobody would ask for it again. Fails when the engine is gone that alone knows the dialog. */
  bye(request: OutgoingRequest, events: OutgoingEvents): SentRequest {
    if (this.#isApart) {
      const engine = this.#engine;
      this.#farewells.push(() => {
        // One that does not tell who it is may be another.
        const knowsIt = engine !== undefined && engine === this.#engine;
        if (request.dialogId === undefined || knowsIt) this.bye(request, events);
        else events.failed(new EngineGoneError());
      });
      return { cancel: () => undefined };
    }
    const { said } = this.#byes.begin(this.#connection, () => {
      if (request.dialogId === undefined) this.bye(request, events);
      else events.failed(new EngineGoneError());
    });
    return this.#send(request, {
      sent: (sent) => {
        said();
        events.sent?.(sent);
      },
      responded: (response) => events.responded(response),
      failed: (error) => {
        said();
        events.failed(error);
      },
    });
  }

  /** The same INVITE, whose caller is refused when its engine dies before he is answered. */
  answering(request: IncomingRequest): IncomingRequest {
    const engine = this.#engine;
    const { method, transport, uri, source, isFromEngine } = request;
    if (engine === undefined || method !== 'INVITE' || transport !== 'udp' || isFromEngine) return request;
    return {
      ...request,
      reply: async (reply) => {
        const refuse = (): void => this.#say(refusalFor(leftInvite(request, uri, source), reply));
        const saying = reply.status < 200 ? undefined : this.#unsaid.begin(engine, refuse);
        try {
          await request.reply(reply);
          saying?.said();
        } catch (error) {
          // Who cannot be told that it rings can be told nothing else.
          (saying ?? this.#unsaid.begin(engine, refuse)).unsaid();
          throw error;
        }
      },
    };
  }

  /** Refuses the INVITE of a caller whose engine is gone. */
  refuse(invite: LeftInvite): void {
    this.#say(refusalFor(invite));
  }

  /** Cancels an INVITE whose engine is gone. */
  cancel(invite: LeftInvite): void {
    this.#say(cancelFor(invite));
  }

  /** Acknowledges the refusal of an INVITE whose engine is gone. */
  acknowledge(refusal: ReadableMessage, peer: string): void {
    this.#say(ackFor(refusal, peer));
  }

  /** drachtio-server would not know how. */
  #say(request: OutgoingRequest): void {
    if (this.#engine === undefined) return;
    const failed = (error: unknown): void => ignore(this.#log, error, 'the peer gives up by itself');
    this.#send(request, { responded: () => undefined, failed });
  }
}
