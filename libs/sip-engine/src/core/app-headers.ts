import { formatNameAddr, headerKey, headerName, type Headers, parseNameAddrList, SipError } from '@callweave/sip';
import { type Protocol } from '../transport/transport.ts';

/** Headers that are the engine's own in every message; what an application says of them is left out. */
const ENGINE_HEADERS = ['via', 'route', 'record-route', 'rseq', 'content-length'];

/** In a response the rest comes from the request. */
export const responseHeaders: ReadonlySet<string> = new Set([...ENGINE_HEADERS, 'call-id', 'cseq', 'from', 'to']);

/** In a request these are completed by the engine. */
export const requestHeaders: ReadonlySet<string> = new Set([...responseHeaders, 'max-forwards']);

/** In a CANCEL the rest is that of its INVITE, RFC 3261 §9.1. */
export const cancelHeaders: ReadonlySet<string> = new Set([...requestHeaders, 'contact', 'p-asserted-identity']);

/** Headers in which `localhost` means whatever address the message leaves from. */
const WITH_LOCALHOST: ReadonlySet<string> = new Set(['from', 'to', 'contact', 'p-asserted-identity']);

/** The header lines of an application, as they go on the wire. */
export interface AppLines {
  readonly text: string;
  /** Which headers are there, lower case. */
  readonly keys: ReadonlySet<string>;
}

/** Writes the headers an application gave, but for those in `ownHeaders`; a Contact leads to us by `transport`. */
export function appLines(
  headers: Headers,
  ownHeaders: ReadonlySet<string>,
  localHostPort: string,
  transport: Protocol = 'udp',
): AppLines {
  let text = '';
  const keys = new Set<string>();
  headers.forEach((name, value, key) => {
    if (ownHeaders.has(key)) return;
    keys.add(key);
    let written = value;
    if (key === 'contact') written = fillContact(inBrackets(value), transport);
    if (WITH_LOCALHOST.has(key)) written = fillLocalhost(written, localHostPort);
    text += `${spelling(name)}: ${written}\r\n`;
  });
  return { text, keys };
}

/** Replaces the host `localhost` of URIs by the address the message leaves from. */
export function fillLocalhost(value: string, localHostPort: string): string {
  if (!value.includes('localhost')) return value;
  return value.replace(/(@|\bsips?:)localhost(?::\d+)?(?=[>;?,\s]|$)/gi, `$1${localHostPort}`);
}

/** Adds the transport to URIs with the host `localhost` that name none: the port of a connection is not that of UDP. */
function fillContact(value: string, transport: Protocol): string {
  if (transport === 'udp' || !value.includes('localhost')) return value;
  return value.replace(
    /(<sips?:(?:[^@>]*@)?localhost(?::\d+)?)((?:;[^>?]*)?)(?=[>?])/gi,
    (uri, start: string, params: string) =>
      /;transport=/i.test(params) ? uri : `${start};transport=${transport}${params}`,
  );
}

/** Addresses with their brackets, without which some peers do not find them; other text is left as it is. */
function inBrackets(contacts: string): string {
  if (contacts.includes('<') || contacts.trim() === '*') return contacts;
  try {
    return parseNameAddrList(contacts).map(formatNameAddr).join(', ');
  } catch (error) {
    if (error instanceof SipError) return contacts;
    throw error;
  }
}

/** Headers named `X-…` keep the application's spelling; the rest get the usual one. */
function spelling(name: string): string {
  return /^x-/i.test(name) ? name : headerName(headerKey(name));
}
