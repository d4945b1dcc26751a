import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { formatHostPort } from '@callweave/sip';
import { type App, type Apps } from '../core/app.ts';
import { BindError, reasonOf } from '../errors.ts';
import { ControlSession, type SessionDeps, type SessionUser } from './session.ts';

export interface ControlOptions {
  readonly address: string;
  readonly port: number;
  readonly secret: string;
  /** Connections beyond this are closed at once. */
  readonly maxApps: number;
  /** An application that has not begun to answer this many is passed over while another is not so far behind. */
  readonly maxUnanswered?: number | undefined;
}

/** What the control server asks of the engine. */
export type ControlUser = Omit<SessionUser, 'admits' | 'onRoutes'>;

/** Where applications connect, and the choice among them. */
export class ControlServer implements Apps {
  readonly #server: Server;
  readonly #options: ControlOptions;
  readonly #sessions = new Set<ControlSession>();
  /** Who takes a verb, in the order in which they are asked next. */
  readonly #turns = new Map<string, ControlSession[]>();

  private constructor(server: Server, options: ControlOptions) {
    this.#server = server;
    this.#options = options;
  }

  static async listen(
    options: ControlOptions,
    deps: Omit<SessionDeps, 'user'> & { user: ControlUser },
  ): Promise<ControlServer> {
    const { address, port } = options;
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 });
    await new Promise<void>((resolve, reject) => {
      const onError = (error: Error): void => {
        reject(new BindError(`control/${formatHostPort(address, port)}`, reasonOf(error), { cause: error }));
      };
      server.once('error', onError);
      server.listen({ host: address, port }, () => {
        server.off('error', onError);
        resolve();
      });
    });
    const control = new ControlServer(server, options);
    control.#serve(deps);
    return control;
  }

  get port(): number {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : this.#options.port;
  }

  /** How many applications have authenticated. */
  get size(): number {
    let count = 0;
    for (const session of this.#sessions) if (session.isAuthenticated) count++;
    return count;
  }

  pick(method: string, except?: App): App | undefined {
    // Methods are told apart by case, RFC 3261 §7.1: `invite` is none that anybody has routed.
    if (method !== method.toUpperCase()) return undefined;
    const turn = this.#turns.get(method.toLowerCase());
    if (turn === undefined) return undefined;
    const { maxUnanswered = Infinity } = this.#options;
    const able = turn.filter((session) => session !== except && session.isOpen);
    // One that is behind is asked only when all are: what belongs to a dialog is asked in any case.
    const chosen = able.find(({ unanswered }) => unanswered < maxUnanswered) ?? able[0];
    if (chosen !== undefined) turn.splice(turn.indexOf(chosen), 1);
    if (chosen !== undefined) turn.push(chosen);
    return chosen;
  }

  methods(): string[] {
    return [...this.#turns.keys()].filter((verb) => /^[a-z]+$/.test(verb)).map((verb) => verb.toUpperCase());
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    await closed;
  }

  #serve({ user, ...deps }: Omit<SessionDeps, 'user'> & { user: ControlUser }): void {
    const sessionUser: SessionUser = {
      admits: (secret) => sameSecret(secret, this.#options.secret),
      greeting: () => user.greeting(),
      onRoutes: (session) => this.#updateTurns(session),
      onSip: (session, command, whenSent) => user.onSip(session, command, whenSent),
      onProxy: (session, wish, report) => user.onProxy(session, wish, report),
      onClosed: (session) => {
        this.#sessions.delete(session);
        session.verbs.clear();
        this.#updateTurns(session);
        if (session.isAuthenticated) deps.log.info('app.disconnected', { tags: session.tags });
        user.onClosed(session);
      },
    };
    this.#server.on('error', (error) => deps.log.warn('control.failed', { reason: reasonOf(error) }));
    this.#server.on('connection', (socket) => {
      if (this.#sessions.size >= this.#options.maxApps) {
        deps.log.warn('app.refused', { peer: socket.remoteAddress, reason: 'too many' });
        socket.destroy();
        return;
      }
      this.#sessions.add(new ControlSession(socket, { ...deps, user: sessionUser }));
    });
  }

  /** A verb may be routed many times by one application and counts once: drachtio-srf repeats its routes. */
  #updateTurns(session: ControlSession): void {
    for (const verb of session.verbs) {
      const turn = this.#turns.get(verb) ?? [];
      this.#turns.set(verb, turn);
      if (!turn.includes(session)) turn.push(session);
    }
    for (const [verb, turn] of this.#turns) {
      const at = turn.indexOf(session);
      if (at >= 0 && !session.verbs.has(verb)) turn.splice(at, 1);
      if (turn.length === 0) this.#turns.delete(verb);
    }
  }
}

/** Compares in constant time, whatever the lengths. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
