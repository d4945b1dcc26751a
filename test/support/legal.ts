import { type RawMessage, splitMessageTrace } from './message-trace.ts';
import { ladderOf, type SeenMessage } from './phone-ladder.ts';

const nothing = { sent: new Set<string>(), received: new Set<string>() };

/** The ladder of each call that a phone noted down, in the order in which they began. */
export function laddersOfCalls(log: string): SeenMessage[][] {
  const calls = new Map<string, RawMessage[]>();
  for (const message of splitMessageTrace(log)) {
    const callId = /^Call-ID:\s*(\S+)/im.exec(message.text)?.[1] ?? '';
    calls.set(callId, [...(calls.get(callId) ?? []), message]);
  }
  const ladders = [...calls.values()].map((call) => ladderOf(call, { shown: nothing, names: new Map() }));
  return ladders.filter((ladder) => ladder.length > 0);
}

/**
 * What the other side has done wrong in a call that is over, as one phone has seen it: every request has one final
 * response, every final response to an INVITE is acknowledged, nothing is answered that was not asked, and who has
 * answered or been answered is hung up. RFC 3261 §8.1, §13, §15
 */
export function illegalIn(ladder: readonly SeenMessage[]): string[] {
  const requests = ladder.filter(({ status, method }) => status === undefined && method !== 'ACK');
  const isFor = (request: SeenMessage, { method, cseq, direction }: SeenMessage): boolean =>
    request.method === method && request.cseq === cseq && request.direction !== direction;
  const wrong: string[] = [];
  for (const message of ladder) {
    const { direction, status, method } = message;
    const isStray = status !== undefined && direction === 'received' && !requests.some((one) => isFor(one, message));
    if (isStray) wrong.push(`${String(status)} ${method} answers nothing`);
  }
  let isAnswered = false;
  for (const request of requests) {
    const { method, cseq, direction } = request;
    const finals = ladder.filter((message) => (message.status ?? 0) >= 200 && isFor(request, message));
    const statuses = finals.map(({ status }) => String(status)).join(', ');
    if (direction === 'sent' && finals.length !== 1) wrong.push(`${method} is answered with: ${statuses}`);
    if (method !== 'INVITE') continue;
    const acks = ladder.filter((ack) => ack.method === 'ACK' && ack.cseq === cseq && ack.direction === direction);
    if (direction === 'received' && finals.length > 0 && acks.length !== 1)
      wrong.push(`${statuses} to INVITE is acknowledged ${String(acks.length)} times`);
    isAnswered ||= finals.some(({ status = 0 }) => status < 300);
  }
  // Who is told 481 has no dialog any more, RFC 3261 §12.2.1.2.
  const isOver = ladder.some(({ method, status }) => (method === 'BYE' && status === undefined) || status === 481);
  if (isAnswered && !isOver) wrong.push('nobody has hung up');
  return wrong;
}
