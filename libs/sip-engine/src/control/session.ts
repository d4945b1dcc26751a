import { type Socket } from 'node:net';
import { atTurnEnd, type Clock } from '@callweave/clock';
import { type IdSource } from '@callweave/sip';
import { type Logger } from '@callweave/telemetry';
import { type App, type SipMeta } from '../core/app.ts';
import { type ProxyReport, type ProxyWish } from '../core/proxy/wish.ts';
import { type Quirks } from '../core/quirks.ts';
import { RefusedError, reasonOf } from '../errors.ts';
import { type Command, parseCommand } from './commands.ts';
import { proxyTokens, replyLeader, sentTokens, sipLeader, timeOfDay } from './events.ts';
import { frame, FrameReader, FramingError } from './framing.ts';
import { type Sent } from '../core/sent.ts';

/** How long an application may take to close what we have ended. */
const END_MS = 1_000;

/**
 * How long responses wait after the reply to their request. drachtio-srf handles all frames of one TCP segment in one
 * turn, so a response beside the reply would arrive before the application listens for it.
 */
const HOLD_MS = 2;

/** What a session asks of the engine. */
export interface SessionUser {
  /** Whether the secret is right. */
  admits(secret: string): boolean;
  /** What an application is told on success: public addresses, version, local addresses. */
  greeting(): readonly string[];
  onAuthenticated(session: ControlSession): void;
  onRoute(session: ControlSession, verb: string): void;
  onRouteRemoved(session: ControlSession): void;
  /** Sends a message for the application; throws `RefusedError`. `whenSent` may be called in a later turn. */
  onSip(session: ControlSession, command: Command & { kind: 'sip' }, whenSent: WhenSent): void;
  /** Proxies a request for the application; throws `RefusedError`. */
  onProxy(session: ControlSession, wish: ProxyWish, report: ProxyReport): void;
  onClosed(session: ControlSession): void;
}

/** Called once: with what was sent, or with why it was not. */
export type WhenSent = (result: Sent | RefusedError) => void;

/** What a session does as drachtio-server. */
export type SessionQuirks = Pick<Quirks, 'forgetsAllRoutes' | 'answersAnyPing'>;

/** What one application may take of us. */
export interface SessionLimits {
  /** How long a connection may stay without authenticating. */
  readonly authenticateMs: number;
  /** An application that reads nothing while this much waits for it is gone. */
  readonly maxQueuedBytes: number;
  readonly quirks: SessionQuirks;
  /** Told of such a one. */
  readonly onStuck: () => void;
}

export interface SessionDeps {
  readonly user: SessionUser;
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
}

/** One application on its control connection. Frames of one turn leave in one write. */
export class ControlSession implements App {
  readonly verbs = new Set<string>();
  tags: readonly string[] = [];
  unanswered = 0;
  readonly #socket: Socket;
  readonly #deps: SessionDeps;
  readonly #reader = new FrameReader();
  readonly #held = new Map<string, Buffer[]>();
  #out: Buffer[] = [];
  #authenticated = false;
  #open = true;

  constructor(socket: Socket, deps: SessionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    const deadline = deps.clock.after(deps.limits.authenticateMs, () => {
      if (this.#authenticated) return;
      deps.log.warn('app.dropped', { peer: this.peer, reason: 'not authenticated in time' });
      this.close();
    });
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => deps.log.debug('app.failed', { reason: reasonOf(error) }));
    socket.on('close', () => {
      deadline.cancel();
      this.#open = false;
      this.#held.clear();
      deps.user.onClosed(this);
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get isAuthenticated(): boolean {
    return this.#authenticated;
  }

  get peer(): string {
    return `${this.#socket.remoteAddress ?? ''}:${this.#socket.remotePort ?? 0}`;
  }

  deliver(meta: SipMeta, sip: Buffer): void {
    const leader = sipLeader(this.#deps.ids.uuid(), timeOfDay(this.#deps.clock.epochMs()), meta);
    const bytes = frame(leader, sip);
    const held = this.#held.get(meta.txn);
    if (held === undefined) this.#write(bytes);
    else held.push(bytes);
  }

  tell(verb: string, source: SipMeta['source'], rest: readonly string[], sip: Buffer): void {
    const { ids, clock } = this.#deps;
    this.#write(frame([ids.uuid(), verb, source, timeOfDay(clock.epochMs()), ...rest].join('|'), sip));
  }

  /** Answers a command that failed. */
  refuse(commandId: string, status: 'NO' | 'NOK', reason: string): void {
    this.#write(frame(replyLeader(this.#deps.ids.uuid(), commandId, status, reason)));
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (let payload = this.#reader.next(); payload !== undefined && this.#open; payload = this.#reader.next()) {
        this.#onCommand(parseCommand(payload));
      }
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#deps.log.warn('app.dropped', { peer: this.peer, reason: error.message });
      this.close();
    }
  }

  #onCommand(command: Command): void {
    if (command.kind === 'broken') {
      this.#refuseAndClose(command.id, command.reason);
      return;
    }
    if (command.kind === 'authenticate') {
      this.#authenticate(command);
      return;
    }
    const { quirks } = this.#deps.limits;
    const isHarmless = command.kind === 'ping' && quirks.answersAnyPing;
    if (!this.#authenticated && !isHarmless) {
      this.#refuseAndClose(command.id, 'not authenticated');
      return;
    }
    switch (command.kind) {
      case 'ping':
        this.#accept(command.id, 'pong');
        return;
      case 'route':
        this.verbs.add(command.verb);
        this.#deps.user.onRoute(this, command.verb);
        this.#accept(command.id);
        return;
      case 'remove-route':
        if (quirks.forgetsAllRoutes) this.verbs.clear();
        else this.verbs.delete(command.verb);
        this.#deps.user.onRouteRemoved(this);
        this.#accept(command.id);
        return;
      case 'proxy':
        this.#proxy(command);
        return;
      case 'sip':
        this.#sip(command);
        return;
    }
  }

  #authenticate({ id, secret, tags }: Command & { kind: 'authenticate' }): void {
    if (!this.#deps.user.admits(secret)) {
      this.#deps.log.warn('app.refused', { peer: this.peer });
      this.#refuseAndClose(id, 'incorrect secret');
      return;
    }
    this.#authenticated = true;
    this.tags = tags;
    this.#deps.log.info('app.connected', { peer: this.peer, tags });
    this.#accept(id, ...this.#deps.user.greeting());
    this.#deps.user.onAuthenticated(this);
  }

  #sip(command: Command & { kind: 'sip' }): void {
    const whenSent: WhenSent = (result) => {
      if (!this.#open) return;
      if (result instanceof RefusedError) this.refuse(command.id, 'NOK', result.message);
      else this.#replySent(command.id, result);
    };
    try {
      this.#deps.user.onSip(this, command, whenSent);
    } catch (error) {
      whenSent(error instanceof RefusedError ? error : new RefusedError(this.#refusalOf(error)));
    }
  }

  #proxy({ id, wish }: Command & { kind: 'proxy' }): void {
    try {
      this.#deps.user.onProxy(this, wish, {
        response: (inbound) => {
          const tokens = proxyTokens(timeOfDay(this.#deps.clock.epochMs()), inbound);
          const bytes = inbound.message.origin?.bytes;
          this.#write(frame(replyLeader(this.#deps.ids.uuid(), id, 'OK', ...tokens), bytes));
        },
        done: () => this.#accept(id, 'done'),
      });
    } catch (error) {
      this.refuse(id, 'NOK', this.#refusalOf(error));
    }
  }

  /** What an application is told that failed; a defect of ours in one message must not end every call there is. */
  #refusalOf(error: unknown): string {
    if (error instanceof RefusedError) return error.message;
    this.#deps.log.error('command.failed', { peer: this.peer, err: error });
    return 'the message could not be sent';
  }

  #replySent(commandId: string, sent: Sent): void {
    const tokens = sentTokens(timeOfDay(this.#deps.clock.epochMs()), sent);
    this.#write(frame(replyLeader(this.#deps.ids.uuid(), commandId, 'OK', ...tokens), sent.bytes));
    if (sent.dialogId === undefined) this.#hold(sent.txn);
  }

  #hold(txn: string): void {
    const frames: Buffer[] = [];
    this.#held.set(txn, frames);
    this.#deps.clock.after(HOLD_MS, () => {
      this.#held.delete(txn);
      for (const bytes of frames) this.#write(bytes);
    });
  }

  #accept(commandId: string, ...rest: string[]): void {
    this.#write(frame(replyLeader(this.#deps.ids.uuid(), commandId, 'OK', ...rest)));
  }

  #refuseAndClose(commandId: string, reason: string): void {
    this.refuse(commandId, 'NO', reason);
    this.#flush();
    this.#open = false;
    this.#socket.end();
    const deadline = this.#deps.clock.after(END_MS, () => this.#socket.destroy());
    this.#socket.once('close', () => deadline.cancel());
  }

  #write(bytes: Buffer): void {
    if (!this.#open) return;
    if (this.#out.length === 0) atTurnEnd(() => this.#flush());
    this.#out.push(bytes);
  }

  #flush(): void {
    const out = this.#out;
    this.#out = [];
    if (out.length === 0 || !this.#socket.writable) return;
    const { maxQueuedBytes, onStuck } = this.#deps.limits;
    if (this.#socket.writableLength > maxQueuedBytes) {
      this.#deps.log.error('app.stuck', { peer: this.peer, queuedBytes: this.#socket.writableLength });
      onStuck();
      this.close();
      return;
    }
    this.#socket.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }
}
