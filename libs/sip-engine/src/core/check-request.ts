import { type NameAddr, parseUri, reasonPhrase, SipError, type SipRequest } from '@callweave/sip';
import { type Quirks } from './quirks.ts';

/** Why a request is refused before anybody looks at what it wants. */
export interface Defect {
  readonly status: number;
  readonly reason: string;
}

/** The first rule a request breaks; undefined for a good one. RFC 3261 §8.1.1 and §20. */
export function defectOf(request: SipRequest, quirks: Quirks): Defect | undefined {
  try {
    if (request.problem !== undefined) return refuse(request.problem);
    return checkHeaders(request, quirks);
  } catch (error) {
    if (error instanceof SipError) return refuse(error);
    throw error;
  }
}

/** Schemes of what somebody may be called by; an application is not asked about others. RFC 3261 §8.2.2.1. */
const SCHEMES: ReadonlySet<string> = new Set(['sip', 'sips', 'tel', 'urn', 'im', 'pres']);

function checkHeaders(request: SipRequest, quirks: Quirks): Defect | undefined {
  const { cseq, method, headers, uri, requestUri } = request;
  readAll(request);
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  if (!quirks.takesAnyScheme && !SCHEMES.has(scheme)) return { status: 416, reason: reasonPhrase(416) };
  // RFC 3261 §19.1.1: they would be headers of a request that is yet to be made.
  if (requestUri.kind === 'sip' && requestUri.headers !== undefined) return bad('request-uri-headers');
  if (cseq.method !== method) return bad('cseq-method');
  for (const name of ['from', 'to', 'call-id', 'cseq', 'max-forwards']) {
    if (headers.count(name) > 1) return bad(`${name}-repeated`);
  }
  return method === 'REGISTER' ? checkRegister(request) : undefined;
}

/** Reading a header is checking it: each getter throws what is wrong. */
function readAll(request: SipRequest): readonly unknown[] {
  const { via, callId, from, fromTag, to, toTag, contacts, requestUri } = request;
  const numbers = [request.number('max-forwards'), request.number('expires')];
  const uris = [from, to, ...routesOf(request), ...targetsOf(request)].map(({ uri }) => parseUri(uri));
  return [via, callId, fromTag, toTag, contacts, requestUri, uris, numbers];
}

/** Hops of this request and of those that a dialog made by it would send. */
function routesOf(request: SipRequest): readonly NameAddr[] {
  return [...request.addresses('route'), ...request.addresses('record-route')];
}

/** Where requests within a dialog go; bindings of a registrar may be anything. */
function targetsOf({ method, contacts }: SipRequest): readonly NameAddr[] {
  return contacts === '*' || method === 'REGISTER' ? [] : contacts;
}

/** `Contact: *` is only for removing everything, RFC 3261 §10.2.2. */
function checkRegister(request: SipRequest): Defect | undefined {
  return request.contacts === '*' && request.number('expires') !== 0 ? bad('contact-wildcard') : undefined;
}

function refuse(error: SipError): Defect {
  if ('rule' in error && error.rule === 'sip-version') return { status: 505, reason: reasonPhrase(505) };
  if ('rule' in error && typeof error.rule === 'string') return bad(error.rule);
  return { status: error.status, reason: reasonPhrase(error.status) };
}

function bad(rule: string): Defect {
  return { status: 400, reason: `Bad Request - ${rule}` };
}
