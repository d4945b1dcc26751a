import { MAX_USER_BYTES } from '@callweave/contracts';
import { formatUri, parseNameAddrList, parseUri, type SipUri, SipSyntaxError } from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';
import { dialledIn } from '../admit/dialled.ts';
import { cseqOf } from '../leg/dialog.ts';
import { parseReplaces, type Replaces } from './replaces.ts';

/** What a REFER asks for, checked. */
export interface Referral {
  /** User part of Refer-To, percent-decoded; empty when it has none. */
  readonly dialled: string;
  /** To of the INVITE it asks for. */
  readonly to: string;
  /** The dialog whose other party is meant, of an attended transfer. */
  readonly replaces: Replaces | undefined;
  /** Whether its sender wants to be told what becomes of it. RFC 4488 §4. */
  readonly isSubscribed: boolean;
  /** Its number, which tells its subscription from others of the dialog. RFC 3515 §2.4.6. */
  readonly id: number;
}

export type ParsedRefer =
  { readonly kind: 'referral'; readonly referral: Referral } | { readonly kind: 'refuse'; readonly reply: Reply };

/** Reads a REFER; what cannot be served is refused with the RFC's answer. RFC 3515 §2.4.2, RFC 4488 §4, RFC 5589. */
export function parseRefer(request: IncomingRequest): ParsedRefer {
  const unsupported = (request.header('require') ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '' && tag !== 'norefersub');
  if (unsupported.length > 0) return refuse({ status: 420, headers: { Unsupported: unsupported.join(', ') } });
  try {
    return readReferTo(request);
  } catch (error) {
    if (error instanceof SipSyntaxError) return refuse({ status: 400, reason: `Bad Request (${error.rule})` });
    throw error;
  }
}

function readReferTo(request: IncomingRequest): ParsedRefer {
  const header = request.header('refer-to');
  const [target, second] = header === undefined ? [] : parseNameAddrList(header);
  if (target === undefined || second !== undefined) return refuse({ status: 400, reason: 'Bad Request (refer-to)' });
  const uri = parseUri(target.uri);
  if (uri.kind === 'other') return refuse({ status: 416 });
  if (uri.kind === 'sip' && (uri.params.get('method') ?? 'INVITE').toUpperCase() !== 'INVITE')
    return refuse({ status: 501 });
  const dialled = dialledIn(uri);
  if (Buffer.byteLength(dialled) > MAX_USER_BYTES) return refuse({ status: 414 });
  const wanted = uri.kind === 'sip' ? replacesIn(uri) : undefined;
  const replaces = wanted === undefined ? undefined : parseReplaces(wanted);
  if (wanted !== undefined && replaces === undefined) return refuse({ status: 400, reason: 'Bad Request (replaces)' });
  const plain = uri.kind === 'sip' ? { ...uri, params: new Map(), headers: undefined } : uri;
  const isSubscribed = request.header('refer-sub')?.split(';')[0]?.trim().toLowerCase() !== 'false';
  const referral = { dialled, to: `<${formatUri(plain)}>`, replaces, isSubscribed, id: cseqOf(request) };
  return { kind: 'referral', referral };
}

/** The Replaces header among those of the URI, escapes resolved. RFC 3261 §19.1.1. */
function replacesIn({ headers = '' }: SipUri): string | undefined {
  const found = headers.split('&').find((header) => /^replaces=/i.test(header));
  if (found === undefined) return undefined;
  try {
    return decodeURIComponent(found.slice(found.indexOf('=') + 1));
  } catch (error) {
    if (error instanceof URIError) throw new SipSyntaxError('escape', 0);
    throw error;
  }
}

function refuse(reply: Reply): ParsedRefer {
  return { kind: 'refuse', reply };
}
