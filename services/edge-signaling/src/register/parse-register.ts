import { Aor, type ContactRequest, MAX_CONTACT_BYTES, MAX_USER_BYTES, User } from '@callweave/contracts';
import {
  contactExpiresSec,
  contactQ,
  decodeUser,
  encodeUser,
  formatNameAddr,
  type NameAddr,
  parseContactList,
  parseCSeq,
  parseNameAddr,
  parseNameAddrList,
  parseUri,
  SipSyntaxError,
  type SipUri,
} from '@callweave/sip';
import { type IncomingRequest, type Reply } from '@callweave/srf';

/** What a REGISTER says, checked; everything the services need of it. */
export interface RegisterFacts {
  readonly user: User;
  readonly aor: Aor;
  readonly domain: string;
  readonly callId: string;
  readonly cseq: number;
  readonly contacts: '*' | readonly ContactRequest[];
  readonly expiresSec: number | undefined;
  readonly path: readonly string[];
  readonly userAgent: string | undefined;
  /** Host and port of the first contact, to see whether the device is behind NAT. */
  readonly contactHostPort: string | undefined;
}

export type ParsedRegister =
  { readonly kind: 'facts'; readonly facts: RegisterFacts } | { readonly kind: 'refuse'; readonly reply: Reply };

/** Option tags a REGISTER may require of us, RFC 3261 §10.3 step 2. */
const SUPPORTED: ReadonlySet<string> = new Set(['path']);
const MAX_CONTACTS = 32;
const MAX_PATHS = 8;
const MAX_PATH_BYTES = 2_048;
const MAX_INSTANCE_BYTES = 256;
const MAX_USER_AGENT = 256;
const DEFAULT_PORT = 5060;

/** Reads a REGISTER; what cannot be served is refused with the RFC's answer. RFC 3261 §10.3 steps 1, 2 and 5 to 7. */
export function parseRegister(request: IncomingRequest): ParsedRegister {
  const missing = unsupported(request.header('require'));
  if (missing.length > 0) return refuse({ status: 420, headers: { Unsupported: missing.join(', ') } });
  try {
    return readFacts(request);
  } catch (error) {
    if (error instanceof SipSyntaxError) return refuse({ status: 400, reason: `Bad Request (${error.rule})` });
    throw error;
  }
}

function readFacts(request: IncomingRequest): ParsedRegister {
  const to = sipUri(parseNameAddr(must(request, 'to')).uri, 'to-uri');
  if (to.user === undefined || to.user === '') return refuse({ status: 404 });
  const user = decodeUser(to.user);
  const aor = Aor.safeParse(`sip:${encodeUser(user)}@${to.host}`);
  if (Buffer.byteLength(user) > MAX_USER_BYTES || !aor.success) return refuse({ status: 414 });
  const expiresSec = expires(request.header('expires'));
  const contacts = readContacts(request.header('contact'), expiresSec);
  const path = readPath(request.header('path'));
  if (path.length > MAX_PATHS || path.some((value) => value.length > MAX_PATH_BYTES))
    return refuse({ status: 400, reason: 'Bad Request (path)' });
  const facts: RegisterFacts = {
    user: User.parse(user),
    aor: aor.data,
    domain: to.host,
    callId: must(request, 'call-id'),
    cseq: parseCSeq(must(request, 'cseq')).number,
    contacts: contacts === '*' ? '*' : contacts.map(contactRequest),
    expiresSec,
    path,
    userAgent: request.header('user-agent')?.slice(0, MAX_USER_AGENT),
    contactHostPort: contacts === '*' ? undefined : firstHostPort(contacts),
  };
  return { kind: 'facts', facts };
}

/** RFC 3261 §10.3 step 6: the wildcard stands alone and only removes. */
function readContacts(value: string | undefined, expiresSec: number | undefined): '*' | readonly NameAddr[] {
  if (value === undefined) return [];
  const contacts = parseContactList(value);
  if (contacts === '*') {
    if (expiresSec !== 0) throw new SipSyntaxError('wildcard-expires', 0);
    return contacts;
  }
  if (contacts.length > MAX_CONTACTS) throw new SipSyntaxError('too-many-contacts', 0);
  return contacts;
}

function contactRequest(contact: NameAddr): ContactRequest {
  sipUri(contact.uri, 'contact-uri');
  const expiresSec = contactExpiresSec(contact);
  const q = contactQ(contact);
  const instanceId = contact.params.get('+sip.instance');
  if (contact.uri.length > MAX_CONTACT_BYTES) throw new SipSyntaxError('contact-length', 0);
  if ((instanceId?.length ?? 0) > MAX_INSTANCE_BYTES) throw new SipSyntaxError('instance-length', 0);
  const regId = Number(contact.params.get('reg-id'));
  return {
    contact: contact.uri,
    ...(expiresSec === undefined ? {} : { expiresSec }),
    ...(q === undefined ? {} : { q }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(Number.isInteger(regId) && regId > 0 ? { regId } : {}),
  };
}

function readPath(value: string | undefined): readonly string[] {
  return value === undefined ? [] : parseNameAddrList(value).map(formatNameAddr);
}

function firstHostPort(contacts: readonly NameAddr[]): string | undefined {
  const [first] = contacts;
  if (first === undefined) return undefined;
  const { host, port } = sipUri(first.uri, 'contact-uri');
  return `${host}:${String(port ?? DEFAULT_PORT)}`;
}

function expires(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  // RFC 3261 §20.19: a malformed value counts as 3600.
  return /^\d{1,10}$/.test(value.trim()) ? Math.min(Number(value), 0xffff_ffff) : 3_600;
}

function unsupported(require: string | undefined): string[] {
  const wanted = (require ?? '').split(',').map((tag) => tag.trim());
  return wanted.filter((tag) => tag !== '' && !SUPPORTED.has(tag.toLowerCase()));
}

function sipUri(text: string, rule: string): SipUri {
  const uri = parseUri(text);
  if (uri.kind !== 'sip') throw new SipSyntaxError(rule, 0);
  return uri;
}

function must(request: IncomingRequest, name: string): string {
  const value = request.header(name);
  if (value === undefined) throw new SipSyntaxError(name, 0);
  return value;
}

function refuse(reply: Reply): ParsedRegister {
  return { kind: 'refuse', reply };
}
