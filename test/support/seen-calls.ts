import { type RoutedMessage } from './udp-router.ts';

/** A call as its caller's phone saw it. */
export interface SeenCall {
  readonly callId: string;
  /** From the first ACK of an answer to the first BYE; undefined for a call that was not answered. */
  readonly talkMs?: number;
  /** From that BYE to its first answer; 0 when nobody had to wait. */
  readonly waitMs: number;
}

/** What passed between phones and edges, call by call; only those that phones began. */
export function seenCalls(passed: readonly RoutedMessage[]): SeenCall[] {
  const byCall = new Map<string, RoutedMessage[]>();
  for (const message of passed) {
    const known = byCall.get(message.callId);
    if (known !== undefined) known.push(message);
    else if (message.from === 'phone' && message.line.startsWith('INVITE ')) byCall.set(message.callId, [message]);
  }
  return [...byCall].map(([callId, messages]) => seenCall(callId, messages));
}

function seenCall(callId: string, messages: readonly RoutedMessage[]): SeenCall {
  const first = (is: (message: RoutedMessage) => boolean): RoutedMessage | undefined => messages.find(is);
  const isOk = ({ line, method }: RoutedMessage, of: string): boolean =>
    line.startsWith('SIP/2.0 200') && method === of;
  const ok = first((message) => message.from === 'edge' && isOk(message, 'INVITE'));
  if (ok === undefined) return { callId, waitMs: 0 };
  const ack = first(({ from, line, atMs }) => from === 'phone' && line.startsWith('ACK ') && atMs >= ok.atMs);
  const bye = first(({ line }) => line.startsWith('BYE '));
  const answer = first((message) => message.from !== bye?.from && isOk(message, 'BYE'));
  if (ack === undefined || bye === undefined) return { callId, waitMs: 0 };
  return { callId, talkMs: bye.atMs - ack.atMs, waitMs: (answer?.atMs ?? Infinity) - bye.atMs };
}
