import { MAX_USER_BYTES, User } from '@callweave/contracts';
import {
  encodeUser,
  formatUri,
  parseNameAddr,
  parseUri,
  SipSyntaxError,
  type SipUri,
  type TelUri,
} from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { claimedUser } from './credentials.ts';
import { dialledIn } from './dialled.ts';
import { ANONYMOUS_HOST, type ClaimedIdentity, readIdentity } from './identity.ts';

/** Who wants to reach whom, as a request outside any dialog says it. */
export interface Caller {
  /** User of From, or of the credentials when From is anonymous; nothing of it is proved. None: a host calls. */
  readonly user: User | undefined;
  /** Domain of From, or of the Request-URI when From has none, which decides the tenant. */
  readonly domain: string;
  /** Number or user of the Request-URI; empty when it has none. */
  readonly dialled: string;
  /** From and To without their tags, to be told and passed on. */
  readonly from: string;
  readonly to: string;
  readonly identity: ClaimedIdentity;
}

export type ParsedCaller =
  { readonly kind: 'caller'; readonly caller: Caller } | { readonly kind: 'refuse'; readonly reply: Reply };

/**
 * Reads the parties of a request that may require the extensions `understood`; what cannot be served is refused with the RFC's answer. RFC 3261 §8.2,
 * §16.3.
 */
export function parseCaller(request: IncomingRequest, understood: readonly string[] = []): ParsedCaller {
  if (request.header('max-forwards')?.trim() === '0') return refuse({ status: 483 });
  const required = (request.header('require') ?? '').split(',').map((tag) => tag.trim().toLowerCase());
  const unsupported = required.filter((tag) => tag !== '' && !understood.includes(tag)).join(', ');
  if (unsupported !== '') return refuse({ status: 420, headers: { Unsupported: unsupported } });
  try {
    return readParties(request);
  } catch (error) {
    if (error instanceof SipSyntaxError) return refuse({ status: 400, reason: `Bad Request (${error.rule})` });
    throw error;
  }
}

function readParties(request: IncomingRequest): ParsedCaller {
  const uri = parseUri(request.uri);
  if (uri.kind === 'other') return refuse({ status: 416 });
  const dialled = dialledIn(uri);
  const from = parseUri(parseNameAddr(request.header('from') ?? '').uri);
  if (from.kind === 'other') throw new SipSyntaxError('from-uri', 0);
  const isAnonymous = from.kind === 'sip' && from.host === ANONYMOUS_HOST;
  const user = isAnonymous ? (claimedUser(request.header('proxy-authorization')) ?? 'anonymous') : dialledIn(from);
  // Separators alone are no number.
  if (user === '' && from.kind === 'tel') throw new SipSyntaxError('from-uri', 0);
  if (Buffer.byteLength(user) > MAX_USER_BYTES || Buffer.byteLength(dialled) > MAX_USER_BYTES)
    return refuse({ status: 414 });
  const domain = from.kind === 'sip' && !isAnonymous ? from.host : hostOf(uri, request);
  const who = { user: user === '' ? undefined : User.parse(user), domain, from: `<${formatUri(asSip(from, domain))}>` };
  const to = `<${formatUri(asSip(uri, domain))}>`;
  const identity = readIdentity(request, { from: who.from, isAnonymous });
  return { kind: 'caller', caller: { ...who, dialled, to, identity } };
}

/** Whose domain a request is for whose From names none: that of its target, RFC 3966 §5.1.5. */
function hostOf(uri: SipUri | TelUri, request: IncomingRequest): string {
  if (uri.kind === 'sip') return uri.host;
  const to = parseUri(parseNameAddr(request.header('to') ?? '').uri);
  return to.kind === 'sip' ? to.host : ANONYMOUS_HOST;
}

/** What other phones can show and call back: a number becomes one of ours, RFC 3261 §19.1.6. */
function asSip(uri: SipUri | TelUri, host: string): SipUri {
  if (uri.kind === 'sip') return { ...uri, params: new Map() };
  const user = encodeUser(dialledIn(uri));
  const rest = { password: undefined, port: undefined, headers: undefined };
  return { kind: 'sip', scheme: 'sip', user, host, params: new Map([['user', 'phone']]), ...rest };
}

function refuse(reply: Reply): ParsedCaller {
  return { kind: 'refuse', reply };
}
