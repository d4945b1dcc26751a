import { type SipMeta } from '../core/app.ts';
import { shownAs } from '../core/local.ts';
import { type Sent } from '../core/sent.ts';
import { type Inbound } from '../transport/transport.ts';

/** The leader of a SIP message for an application. */
export function sipLeader(id: string, time: string, meta: SipMeta): string {
  const { source, size, protocol, address, port, txn, dialogId, receivedOn } = meta;
  const end = receivedOn === undefined ? '' : `${receivedOn.address}|${receivedOn.port}|`;
  return `${id}|sip|${source}|${size}|${protocol}|${address}|${port}|${time}|${txn}|${dialogId}|${end}`;
}

/** The leader of the answer to a command; `rest` are further tokens. */
export function replyLeader(id: string, commandId: string, status: 'OK' | 'NO' | 'NOK', ...rest: string[]): string {
  // A separator or line end in an error text would be read as something else.
  let leader = `${id}|response|${commandId}|${status}`;
  for (const token of rest) leader += `|${hasLineEnd(token) ? token.replace(/[\r\n]+/g, ' ') : token}`;
  return leader;
}

/** What follows `OK` when a message was sent for an application: as it went out, and under which ids. */
export function sentTokens(time: string, sent: Sent): string[] {
  const { bytes, protocol, address, port, txn, dialogId } = sent;
  const size = String(sent.isHeld ? 0 : bytes.length);
  const tokens = ['application', size, protocol, address, String(port), time, txn];
  // A response also says in which dialog it was sent.
  return dialogId === undefined ? [...tokens, 'Msg sent:', ''] : [...tokens, dialogId, '', 'Msg sent:', ''];
}

/** What follows `OK` when a target of a proxied request gave its final response. */
export function proxyTokens(time: string, { flow, size }: Pick<Inbound, 'flow' | 'size'>): string[] {
  return [
    'network',
    String(size),
    shownAs(flow),
    flow.remoteAddress,
    String(flow.remotePort),
    time,
    '',
    '',
    'continue',
  ];
}

function hasLineEnd(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

const DAY_MS = 86_400_000;

/** The time of day as applications are told it: `HH:MM:SS.uuuuuu`, UTC. */
export function timeOfDay(epochMs: number): string {
  const ms = Math.floor(epochMs) % DAY_MS;
  const sec = Math.floor(ms / 1_000);
  const min = Math.floor(sec / 60);
  const clock = `${digits(Math.floor(min / 60), 2)}:${digits(min % 60, 2)}:${digits(sec % 60, 2)}`;
  return `${clock}.${digits(ms % 1_000, 3)}000`;
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, '0');
}
