import { createHash, timingSafeEqual } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely, rootCertificates } from 'node:tls';
import { type App, type Apps } from '../core/app.ts';
import { type Quirks } from '../core/quirks.ts';
import { type LimitCounts } from '../limit-counts.ts';
import { ControlSession, type SessionDeps, type SessionQuirks, type SessionUser } from './session.ts';
import { StrictTurns, type Turns, TurnsByRoute } from './turns.ts';

/** What applications authenticate with, and how many there may be. */
export interface SessionOptions {
  readonly secret: string;
  /** Connections beyond this are closed at once. */
  readonly maxApps: number;
  /** An application that reads nothing while this much waits for it is gone. */
  readonly maxAppQueuedBytes: number;
  readonly quirks: SessionQuirks & Pick<Quirks, 'countsEveryRoute'>;
  /** An application that has not begun to answer this many is passed over while another is not so far behind. */
  readonly maxUnanswered?: number | undefined;
}

/** What the connected applications ask of the engine. */
export type ControlUser = Pick<SessionUser, 'greeting' | 'onSip' | 'onProxy' | 'onClosed'> & {
  /** Some application takes more than before. */
  onRoute(): void;
  /** One that had authenticated has gone; before `onClosed`. */
  onGone(): void;
};

export type SessionsDeps = Omit<SessionDeps, 'user' | 'limits'> & {
  readonly user: ControlUser;
  readonly limits: Pick<LimitCounts, 'reached'>;
};

/** An application that waits to be connected to. */
export interface AppAddress {
  readonly host: string;
  readonly port: number;
  /** Certificates to trust besides the well-known ones; undefined for a connection without TLS. */
  readonly tls: { readonly ca: string | undefined } | undefined;
}

/** How long an application that connected may take to authenticate. */
const AUTHENTICATE_MS = 10_000;

/** The same for one that was connected to, the connection included: a caller waits for it. */
const CALLED_AUTHENTICATE_MS = 5_000;

/** Every application with a connection, whoever opened it, and the choice among them. */
export class Sessions implements Apps {
  readonly #options: SessionOptions;
  readonly #deps: SessionsDeps;
  readonly #user: SessionUser;
  readonly #all = new Set<ControlSession>();
  /** Who takes a verb. */
  readonly #turns = new Map<string, Turns<ControlSession>>();
  /** Who waits for a connection that we opened. */
  readonly #awaited = new Map<ControlSession, (app: App | undefined) => void>();

  constructor(options: SessionOptions, deps: SessionsDeps) {
    this.#options = options;
    this.#deps = deps;
    const { user } = deps;
    this.#user = {
      admits: (secret) => sameSecret(secret, options.secret),
      greeting: () => user.greeting(),
      onAuthenticated: (session) => this.#settle(session, session),
      onRoute: (session, verb) => {
        this.#turnsOf(verb).add(session);
        user.onRoute();
      },
      onRouteRemoved: (session) => this.#leaveTurns(session),
      onSip: (session, command, whenSent) => user.onSip(session, command, whenSent),
      onProxy: (session, wish, report) => user.onProxy(session, wish, report),
      onClosed: (session) => this.#onClosed(session),
    };
  }

  /** How many applications have authenticated. */
  get size(): number {
    let count = 0;
    for (const session of this.#all) if (session.isAuthenticated) count++;
    return count;
  }

  /** Takes the connection of an application. */
  accept(socket: Socket): void {
    if (this.#isFull(socket.remoteAddress)) socket.destroy();
    else this.#add(socket, AUTHENTICATE_MS);
  }

  /** Connects to an application; undefined when that fails, or when it does not authenticate in time. */
  connectTo({ host, port, tls }: AppAddress): Promise<App | undefined> {
    if (this.#isFull(host)) return Promise.resolve(undefined);
    const options = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1_000 };
    const trusted = tls?.ca === undefined ? {} : { ca: [...rootCertificates, tls.ca] };
    const socket = tls === undefined ? connect(options) : connectSecurely({ ...options, ...trusted });
    return new Promise((resolve) => {
      this.#awaited.set(this.#add(socket, CALLED_AUTHENTICATE_MS), resolve);
    });
  }

  pick(method: string, except?: App): App | undefined {
    // Methods are told apart by case, RFC 3261 §7.1: `invite` is none that anybody has routed.
    if (method !== method.toUpperCase()) return undefined;
    return this.#next(method.toLowerCase(), (session) => session !== except);
  }

  pickTagged(method: string, tag: string): App | undefined {
    return this.#next(method.toLowerCase(), ({ tags }) => tags.includes(tag));
  }

  pickVerb(verb: string): App | undefined {
    return this.#next(verb, () => true);
  }

  methods(): string[] {
    const routed = [...this.#turns].filter(([verb, turns]) => !turns.isEmpty && /^[a-z]+$/.test(verb));
    return routed.map(([verb]) => verb.toUpperCase());
  }

  /** Closes every connection. */
  close(): void {
    for (const session of this.#all) session.close();
  }

  #isFull(peer: string | undefined): boolean {
    if (this.#all.size < this.#options.maxApps) return false;
    this.#deps.log.warn('app.refused', { peer, reason: 'too many' });
    this.#deps.limits.reached('apps');
    return true;
  }

  #add(socket: Socket, authenticateMs: number): ControlSession {
    const { limits, ...deps } = this.#deps;
    const { maxAppQueuedBytes: maxQueuedBytes, quirks } = this.#options;
    const bounds = { authenticateMs, maxQueuedBytes, quirks };
    const onStuck = (): void => limits.reached('unread');
    const session = new ControlSession(socket, { ...deps, user: this.#user, limits: { ...bounds, onStuck } });
    this.#all.add(session);
    return session;
  }

  #onClosed(session: ControlSession): void {
    this.#all.delete(session);
    session.verbs.clear();
    this.#leaveTurns(session);
    this.#settle(session, undefined);
    if (session.isAuthenticated) {
      this.#deps.log.info('app.disconnected', { tags: session.tags });
      this.#deps.user.onGone();
    }
    this.#deps.user.onClosed(session);
  }

  #settle(session: ControlSession, app: App | undefined): void {
    this.#awaited.get(session)?.(app);
    this.#awaited.delete(session);
  }

  #next(verb: string, suits: (session: ControlSession) => boolean): App | undefined {
    const { maxUnanswered = Infinity } = this.#options;
    return this.#turns.get(verb)?.next((inTurn) => {
      const able = inTurn.filter((session) => session.isOpen && suits(session));
      // One that is behind is asked only when all are: what belongs to a dialog is asked in any case.
      return able.find(({ unanswered }) => unanswered < maxUnanswered) ?? able[0];
    });
  }

  #turnsOf(verb: string): Turns<ControlSession> {
    const turns =
      this.#turns.get(verb) ?? (this.#options.quirks.countsEveryRoute ? new TurnsByRoute() : new StrictTurns());
    this.#turns.set(verb, turns);
    return turns;
  }

  /** An application takes no verbs any more but those it still names. */
  #leaveTurns(session: ControlSession): void {
    for (const [verb, turns] of this.#turns) {
      if (session.verbs.has(verb)) continue;
      turns.remove(session);
      if (turns.isEmpty && !this.#options.quirks.countsEveryRoute) this.#turns.delete(verb);
    }
  }
}

/** Compares in constant time, whatever the lengths. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
