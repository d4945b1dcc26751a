import { type EslEvent, type EventHeaders } from './event.ts';

/** How a client wants its events written. */
export type EventFormat = 'json' | 'plain';

/** What a new client is sent first. */
export const AUTH_REQUEST = 'Content-Type: auth/request\n\n';

const NOTICE = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';
const REJECTION = 'Access Denied, go away.\n';

/** What a host is sent that is not let in; the connection is closed after it. */
export const RUDE_REJECTION = `Content-Type: text/rude-rejection\nContent-Length: ${REJECTION.length}\n\n${REJECTION}`;

/** The answer to a command. */
export function commandReply(text: string, headers: Readonly<Record<string, string>> = {}): string {
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${oneLine(value)}\n`);
  return `Content-Type: command/reply\nReply-Text: ${oneLine(text)}\n${more.join('')}\n`;
}

/** The answer to an `api` command; clients read a length of nothing as no answer. */
export function apiResponse(body: string): string {
  const text = body === '' ? '-ERR no reply\n' : body;
  return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(text)}\n\n${text}`;
}

/** What is sent last; `uuid` when the connection belongs to a call. */
export function disconnectNotice(uuid?: string): string {
  const session = uuid === undefined ? '' : `Controlled-Session-UUID: ${uuid}\nContent-Disposition: disconnect\n`;
  return `Content-Type: text/disconnect-notice\n${session}Content-Length: ${NOTICE.length}\n\n${NOTICE}`;
}

/** One event. */
export function eventFrame({ headers, body }: EslEvent, format: EventFormat): string {
  const all = new Map(headers);
  if (body !== undefined) all.set('Content-Length', String(Buffer.byteLength(body)));
  const text =
    format === 'json'
      ? JSON.stringify({ ...Object.fromEntries(all), ...(body === undefined ? {} : { _body: body }) })
      : `${headerBlock(all)}\n${body ?? ''}`;
  return `Content-Length: ${Buffer.byteLength(text)}\nContent-Type: text/event-${format}\n\n${text}`;
}

/** The call's data as the answer to `connect`: plain headers, without a length. */
export function channelDataFrame(headers: EventHeaders): string {
  const end = 'Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n';
  return headerBlock(headers) + end;
}

/** Headers as lines with their values percent-encoded. */
export function headerBlock(headers: EventHeaders): string {
  let text = '';
  for (const [name, value] of headers) text += `${name}: ${encodeURIComponent(wellFormed(value))}\n`;
  return text;
}

/** Clients decode percent escapes in everything they are sent and fall over those that are none. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replaceAll('%', '%25');
}

/** Half a surrogate pair, as cutting a text leaves it, cannot be encoded. */
function wellFormed(value: string): string {
  return Buffer.from(value).toString();
}
