import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, type Timer } from '@callweave/clock';
import { type Logger } from '@callweave/telemetry';
import { MediaBindError } from '../errors.ts';
import { type MediaEngineLimits } from '../options.ts';
import { type EslCommand } from './command-reader.ts';
import { type CommandDeps, runCommand } from './commands.ts';
import { type EventHub } from './event.ts';
import { AUTH_REQUEST, commandReply, disconnectNotice, RUDE_REJECTION } from './frames.ts';
import { answer, type CommandOutcome, EslSession } from './session.ts';

export interface InboundDeps {
  readonly password: string;
  readonly limits: Pick<MediaEngineLimits, 'maxClients' | 'authenticateMs'>;
  /** Whether a host may use this server. */
  readonly admits: (address: string) => boolean;
  readonly commands: CommandDeps;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Where event socket clients connect: they give a password, then commands. */
export class InboundServer {
  readonly #server: Server;
  readonly #deps: InboundDeps;
  readonly #sessions = new Set<EslSession>();
  readonly #authenticated = new Set<EslSession>();

  private constructor(deps: InboundDeps) {
    this.#deps = deps;
    this.#server = createServer({ keepAlive: true, keepAliveInitialDelay: 10_000 }, (socket) => this.#accept(socket));
  }

  /** Throws `MediaBindError`. */
  static async listen(
    at: { readonly address: string; readonly port: number },
    deps: InboundDeps,
  ): Promise<InboundServer> {
    const inbound = new InboundServer(deps);
    inbound.#server.listen({ host: at.address, port: at.port });
    try {
      await once(inbound.#server, 'listening');
    } catch (error) {
      throw new MediaBindError(`esl/${at.address}:${at.port}`, { cause: error });
    }
    inbound.#server.on('error', (error) => deps.log.warn('esl.server-failed', { err: error }));
    return inbound;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  /** Clients that have been let in. */
  get clients(): number {
    return this.#authenticated.size;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.drop();
    await closed;
  }

  #accept(socket: Socket): void {
    const { admits, limits, clock, log } = this.#deps;
    const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (this.#sessions.size >= limits.maxClients || !admits(peer)) {
      log.warn('esl.refused', { peer });
      socket.on('error', (error) => log.debug('esl.failed', { peer, err: error }));
      socket.end(RUDE_REJECTION + disconnectNotice());
      return;
    }
    const session: EslSession = new EslSession(socket, {
      log,
      user: {
        onCommand: (_session, command) => this.#onCommand(session, command),
        onClosed: () => this.#forget(session, deadline),
      },
    });
    const deadline = clock.after(limits.authenticateMs, () => {
      if (!this.#authenticated.has(session)) session.drop();
    });
    this.#sessions.add(session);
    session.send(AUTH_REQUEST);
  }

  #onCommand(session: EslSession, command: EslCommand): CommandOutcome {
    if (this.#authenticated.has(session)) return runCommand(session, command, this.#deps.commands);
    const [, password] = /^auth\s+(.*)$/s.exec(command.line) ?? [];
    if (command.line === 'exit') return { kind: 'goodbye', frame: commandReply('+OK bye') };
    if (password === undefined) return answer('-ERR command not found');
    if (!isSame(password, this.#deps.password)) {
      this.#deps.log.warn('esl.wrong-password', { peer: session.peer });
      return { kind: 'goodbye', frame: commandReply('-ERR invalid') };
    }
    this.#authenticated.add(session);
    this.#deps.hub.add(session);
    this.#deps.log.debug('esl.connected', { peer: session.peer });
    return answer('+OK accepted');
  }

  #forget(session: EslSession, deadline: Timer): void {
    deadline.cancel();
    this.#sessions.delete(session);
    this.#deps.hub.remove(session);
    if (this.#authenticated.delete(session)) this.#deps.log.debug('esl.disconnected', { peer: session.peer });
  }
}

/** Compares in constant time, whatever the lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
