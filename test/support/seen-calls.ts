import { type RoutedMessage } from './udp-router.ts';

/** A call as its caller's phone saw it. */
export interface SeenCall {
  readonly callId: string;
  /** From the first ACK of an answer to the first BYE; undefined for a call that was not answered. */
  readonly talkMs?: number;
  /** From that BYE to its first answer; 0 when nobody had to wait. */
  readonly waitMs: number;
  /**
   * How long the platform may have taken the call for one that goes on, after that BYE: until its first answer, or until
   * an edge hung up in turn, for what one edge had answered may have died with it.
   */
  readonly gapMs: number;
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
  if (ok === undefined) return { callId, waitMs: 0, gapMs: 0 };
  const ack = first(({ from, line, atMs }) => from === 'phone' && line.startsWith('ACK ') && atMs >= ok.atMs);
  const bye = first(({ line }) => line.startsWith('BYE '));
  const answer = first((message) => message.from !== bye?.from && isOk(message, 'BYE'));
  if (ack === undefined || bye === undefined) return { callId, waitMs: 0, gapMs: 0 };
  const later = first(({ from, line, atMs }) => from !== bye.from && line.startsWith('BYE ') && atMs > bye.atMs);
  const waitMs = (answer?.atMs ?? Infinity) - bye.atMs;
  const gapMs = Math.max(waitMs, (later?.atMs ?? 0) - bye.atMs);
  return { callId, talkMs: bye.atMs - ack.atMs, waitMs, gapMs };
}
