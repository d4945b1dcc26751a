import { isIP } from 'node:net';
import { parseUri, SipError, type SipRequest, unbracket } from '@callweave/sip';
import { type Inbound } from '../transport/transport.ts';
import { type Core } from './context.ts';
import { reject } from './reject.ts';

/** Headers by which scanners are known, as drachtio-server's `spammers`. */
export interface Spammers {
  readonly headers: readonly SpammerHeader[];
  /** Whether those who send datagrams are answered 603. */
  readonly action: 'reject' | 'discard';
  /** The same for connections. */
  readonly streamAction: 'reject' | 'discard';
}

/** One header, and what must not occur in it; of From and To the user counts. */
export interface SpammerHeader {
  /** In small letters. */
  readonly name: string;
  readonly values: readonly string[];
}

/** Which new requests are dealt with before applications see them. */
export interface ScreenOptions {
  readonly spammers?: Spammers | undefined;
  /** OPTIONS with exactly this User-Agent are answered 200. */
  readonly optionsUserAgent?: string | undefined;
  /** A REGISTER for an address instead of a domain is answered 403. */
  readonly refusesAddressRegistrars?: boolean | undefined;
}

type Verdict = 'pass' | 'drop' | { readonly status: number };

/** Deals with new requests that no application is to see. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #core: Pick<Core, 'log' | 'quirks'>;

  constructor(options: ScreenOptions, core: Pick<Core, 'log' | 'quirks'>) {
    this.#options = options;
    this.#core = core;
  }

  /** Whether it has dealt with a request. */
  takes({ message, flow }: Inbound<SipRequest>): boolean {
    const verdict = this.#judge(message, flow.reliable);
    if (verdict === 'pass') return false;
    this.#core.log.debug('request.screened', { peer: flow.remoteAddress, method: message.method, verdict });
    if (verdict !== 'drop') reject(message, flow, verdict, this.#core.quirks);
    return true;
  }

  #judge(request: SipRequest, isStream: boolean): Verdict {
    try {
      const { method, toTag } = request;
      // What belongs to a request or a dialog is answered, or not, by those.
      if (toTag !== undefined || method === 'CANCEL') return 'pass';
      const { spammers, optionsUserAgent, refusesAddressRegistrars } = this.#options;
      if (spammers !== undefined && isSpam(request, spammers)) {
        return (isStream ? spammers.streamAction : spammers.action) === 'reject' ? { status: 603 } : 'drop';
      }
      if (refusesAddressRegistrars === true && method === 'REGISTER' && isForAddress(request)) return { status: 403 };
      const isProbe = method === 'OPTIONS' && optionsUserAgent !== undefined;
      return isProbe && request.headers.get('user-agent') === optionsUserAgent ? { status: 200 } : 'pass';
    } catch (error) {
      // What cannot be read is answered as such by whoever reads it next.
      if (error instanceof SipError) return 'pass';
      throw error;
    }
  }
}

function isSpam(request: SipRequest, { headers }: Spammers): boolean {
  return headers.some(({ name, values }) => {
    const text = textOf(request, name);
    return text !== undefined && values.some((value) => text.includes(value));
  });
}

function textOf(request: SipRequest, name: string): string | undefined {
  if (name !== 'from' && name !== 'to') return request.headers.get(name);
  const uri = parseUri(request[name].uri);
  return uri.kind === 'sip' ? uri.user : undefined;
}

function isForAddress({ uri: text }: SipRequest): boolean {
  const uri = parseUri(text);
  return uri.kind === 'sip' && isIP(unbracket(uri.host)) !== 0;
}
