import { type Socket } from 'node:net';
import { type Logger } from '@callweave/telemetry';
import { EslFramingError } from '../errors.ts';
import { CommandReader, type EslCommand } from './command-reader.ts';
import { type EslEvent, type EventListener } from './event.ts';
import { commandReply, disconnectNotice, eventFrame, type EventFormat } from './frames.ts';
import { Subscription } from './subscription.ts';

/** What becomes of a command: an answer, a last answer, or silence for now. */
export type CommandOutcome =
  | { readonly kind: 'answer'; readonly frame: string }
  | { readonly kind: 'goodbye'; readonly frame: string }
  /** Answered later, by `resume`; commands that follow wait. */
  | { readonly kind: 'later' };

/** What a connection asks of its owner. */
export interface SessionUser {
  onCommand(session: EslSession, command: EslCommand): CommandOutcome;
  /** The connection is gone, whoever closed it. */
  onClosed(session: EslSession): void;
}

export interface SessionDeps {
  readonly user: SessionUser;
  readonly log: Logger;
  /** The call the connection belongs to, if it was made for one. */
  readonly uuid?: string | undefined;
}

/** A client that leaves this much unread is gone. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** One connection that speaks the event socket protocol, whoever made it. Answers come in the order of commands. */
export class EslSession implements EventListener {
  readonly uuid: string | undefined;
  readonly subscription = new Subscription();
  format: EventFormat = 'json';
  readonly #socket: Socket;
  readonly #deps: SessionDeps;
  readonly #reader = new CommandReader();
  #isOpen = true;
  #isWaiting = false;

  constructor(socket: Socket, deps: SessionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.uuid = deps.uuid;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#reader.push(chunk);
      this.#read();
    });
    socket.on('error', (error) => deps.log.debug('esl.failed', { peer: this.peer, err: error }));
    socket.on('close', () => {
      this.#isOpen = false;
      deps.user.onClosed(this);
    });
  }

  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  onEvent(event: EslEvent): void {
    if (this.#isOpen && this.subscription.wants(event)) this.send(eventFrame(event, this.format));
  }

  send(frame: string): void {
    if (!this.#isOpen) return;
    this.#socket.write(frame);
    if (this.#socket.writableLength <= MAX_QUEUED_BYTES) return;
    this.#deps.log.warn('esl.stuck', { peer: this.peer, queuedBytes: this.#socket.writableLength });
    this.drop();
  }

  /** Gives the answer that was put off, and goes on with what came meanwhile. */
  resume(frame: string): void {
    this.send(frame);
    this.#isWaiting = false;
    this.#read();
  }

  /** Says goodbye and closes. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.end(disconnectNotice(this.uuid));
  }

  /** Closes without a word. */
  drop(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #read(): void {
    try {
      while (this.#isOpen && !this.#isWaiting) {
        const command = this.#reader.next();
        if (command === undefined) return;
        this.#run(command);
      }
    } catch (error) {
      if (!(error instanceof EslFramingError)) throw error;
      this.#deps.log.warn('esl.dropped', { peer: this.peer, err: error });
      this.drop();
    }
  }

  #run(command: EslCommand): void {
    const outcome = this.#deps.user.onCommand(this, command);
    switch (outcome.kind) {
      case 'answer':
        this.send(outcome.frame);
        return;
      case 'goodbye':
        this.send(outcome.frame);
        this.end();
        return;
      case 'later':
        this.#isWaiting = true;
        return;
    }
  }
}

/** The usual answer to a command. */
export function answer(text: string, headers: Readonly<Record<string, string>> = {}): CommandOutcome {
  return { kind: 'answer', frame: commandReply(text, headers) };
}
