import { MAX_USER_BYTES, User } from '@callweave/contracts';
import { decodeUser, formatUri, parseNameAddr, parseUri, SipSyntaxError, type SipUri } from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';

/** Who wants to reach whom, as a request outside any dialog says it. */
export interface Caller {
  /** User of From, who has to prove it. */
  readonly user: User;
  /** Domain of From, which decides the tenant. */
  readonly domain: string;
  /** User part of the Request-URI, percent-decoded; empty when it has none. */
  readonly dialled: string;
  /** From and To without their tags, to be told and passed on. */
  readonly from: string;
  readonly to: string;
}

export type ParsedCaller =
  { readonly kind: 'caller'; readonly caller: Caller } | { readonly kind: 'refuse'; readonly reply: Reply };

/** Reads the parties of a request; what cannot be served is refused with the RFC's answer. RFC 3261 §8.2, §16.3. */
export function parseCaller(request: IncomingRequest): ParsedCaller {
  if (request.header('max-forwards')?.trim() === '0') return refuse({ status: 483 });
  const required = (request.header('require') ?? '').trim();
  if (required !== '') return refuse({ status: 420, headers: { Unsupported: required } });
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
  const dialled = uri.kind === 'tel' ? uri.number : decodeUser(uri.user ?? '');
  const from = sipUri(request.header('from') ?? '');
  if (from.user === undefined || from.user === '') return refuse({ status: 403 });
  const user = decodeUser(from.user);
  if (Buffer.byteLength(user) > MAX_USER_BYTES || Buffer.byteLength(dialled) > MAX_USER_BYTES)
    return refuse({ status: 414 });
  const caller: Caller = {
    user: User.parse(user),
    domain: from.host,
    dialled,
    from: `<${formatUri({ ...from, params: new Map() })}>`,
    to: `<${formatUri(uri)}>`,
  };
  return { kind: 'caller', caller };
}

function sipUri(header: string): SipUri {
  const uri = parseUri(parseNameAddr(header).uri);
  if (uri.kind !== 'sip') throw new SipSyntaxError('from-uri', 0);
  return uri;
}

function refuse(reply: Reply): ParsedCaller {
  return { kind: 'refuse', reply };
}
