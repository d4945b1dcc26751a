import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { type Clock } from '@callweave/clock';
import { parse, serialize } from 'cookie';
import { type FastifyRequest } from 'fastify';
import { Problem } from '../errors.ts';

export interface GuardOptions {
  /** Undefined: everybody who reaches the port may look, which is why it must be on loopback. */
  readonly token: string | undefined;
  /** Whether the page is opened over https. */
  readonly isSecure: boolean;
  readonly clock: Clock;
}

const SESSION_SEC = 12 * 3_600;
const PURPOSE = 'callweave-console-session-1';

/** Decides who may see the platform. Sessions are signed with the token and kept nowhere, so any replica takes them. */
export class Guard {
  readonly #options: GuardOptions;
  /** Cookies do not tell ports apart; two consoles of one host must. */
  readonly #cookieName: string;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#cookieName = `callweave_console_${this.#sign('name').slice(0, 8)}`;
  }

  get needsToken(): boolean {
    return this.#options.token !== undefined;
  }

  /** Throws a `Problem` unless the request carries the token or a session. */
  admit({ headers }: FastifyRequest): void {
    const { token } = this.#options;
    if (token === undefined) return;
    const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined && isSame(bearer, token)) return;
    if (this.#isSession(parse(headers.cookie ?? '')[this.#cookieName] ?? '')) return;
    throw new Problem('unauthorized', 401, 'send the token as a bearer, or sign in', { 'www-authenticate': 'Bearer' });
  }

  /** The cookie of a new session. Throws a `Problem` when the token is not ours. */
  signIn(token: string): string {
    if (!isSame(token, this.#options.token ?? token)) throw new Problem('wrong-token', 403, 'that is not the token');
    const expires = String(Math.floor(this.#options.clock.epochMs() / 1_000) + SESSION_SEC);
    return this.#cookie(`${expires}.${this.#sign(expires)}`, SESSION_SEC);
  }

  /** The cookie that ends a session. */
  signOut(): string {
    return this.#cookie('', 0);
  }

  /**
   * Without a token a page of another site must not read ours by giving our address a name of its own (DNS
   * rebinding): only addresses and `localhost` are names of this console then.
   */
  checkHost({ hostname }: FastifyRequest): void {
    if (this.needsToken) return;
    const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
    if (isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost')) return;
    throw new Problem('wrong-host', 403, 'open the console by its address');
  }

  #isSession(value: string): boolean {
    const [expires = '', signature = ''] = value.split('.');
    return isSame(signature, this.#sign(expires)) && Number(expires) * 1_000 > this.#options.clock.epochMs();
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#options.token ?? '')
      .update(`${PURPOSE} ${text}`)
      .digest('base64url');
  }

  #cookie(value: string, maxAge: number): string {
    const { isSecure } = this.#options;
    return serialize(this.#cookieName, value, {
      httpOnly: true,
      sameSite: 'strict',
      secure: isSecure,
      path: '/',
      maxAge,
    });
  }
}

/** Compares without telling by its time how much was right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
