import { type LadderMessage } from './ladder-text.ts';
import { type RawMessage } from './message-trace.ts';

/** A message of a ladder, and when the phone saw it. */
export interface SeenMessage extends LadderMessage {
  /** Epoch ms. */
  readonly atMs: number;
  readonly callId: string;
  /** Number of its CSeq. */
  readonly cseq: number;
  readonly fromTag: string;
  readonly toTag: string;
}

export interface LadderOptions {
  /** Header fields that are shown, by direction, in lower case. */
  readonly shown: Readonly<Record<LadderMessage['direction'], ReadonlySet<string>>>;
  /** What stands for text that is another in each run: users, addresses. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * The ladder of one phone, from what it noted down itself. Retransmissions, 100 and REGISTER are left out, and a request
 * that was sent again with credentials is one.
 */
export function ladderOf(messages: readonly RawMessage[], options: LadderOptions): SeenMessage[] {
  const known = new Set<string>();
  const seen: SeenMessage[] = [];
  let last = '';
  for (const message of messages) {
    const key = `${message.direction} ${message.text}`;
    // The same may ring again after something else has happened.
    const isRepeated = /^received SIP\/2\.0 1/.test(key) ? key === last : known.has(key);
    if (message.direction === 'received') last = key;
    if (isRepeated) continue;
    known.add(key);
    const read = readMessage(message, options);
    if (read !== undefined && read.status !== 100 && read.method !== 'REGISTER') seen.push(read);
  }
  return foldChallenges(seen);
}

function readMessage({ atMs, direction, text }: RawMessage, options: LadderOptions): SeenMessage | undefined {
  const [head, body] = splitAt(text, '\n\n');
  const [startLine = '', ...lines] = head.split('\n');
  const status = /^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1];
  const fields = lines.map((line) => splitAt(line, ':').map((part) => part.trim()) as [string, string]);
  const field = (wanted: string): string => fields.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? '';
  const tagIn = (value: string): string => /;tag=([^;>\s]+)/.exec(value)?.[1] ?? '';
  const cseq = field('cseq');
  const method = status === undefined ? startLine.split(' ')[0] : cseq.split(/\s+/)[1];
  if (method === undefined || method === '') return undefined;
  const shown = fields.filter(([name]) => options.shown[direction].has(name.toLowerCase()));
  return {
    ...{ atMs, direction, method, words: wordsOf(field('content-type'), body) },
    ...{
      callId: field('call-id'),
      cseq: Number(cseq.split(' ')[0]),
      fromTag: tagIn(field('from')),
      toTag: tagIn(field('to')),
    },
    ...(status === undefined ? {} : { status: Number(status) }),
    headers: shown.map(([name, value]) => [name, plain(value, options.names)]),
  };
}

function wordsOf(type: string, body: string): string[] {
  const text = body.trim();
  if (text === '') return [];
  if (!/^application\/sdp/i.test(type)) return [`"${text.split('\n')[0] ?? ''}"`];
  const way = /^a=(sendrecv|sendonly|recvonly|inactive)$/m.exec(text)?.[1] ?? 'sendrecv';
  const codec = /^m=audio \d+ \S+ (\d+)/m.exec(text)?.[1] ?? '';
  return [way, ...(codec === '8' ? ['PCMA'] : [])];
}

function plain(value: string, names: LadderOptions['names']): string {
  const named = [...names].reduce((text, [real, name]) => text.replaceAll(real, name), value);
  return named.replaceAll(/;tag=[^;>\s]+/g, '');
}

/** A request, 401 or 407, the ACK if it is an INVITE, and the same request again. */
function foldChallenges(seen: readonly SeenMessage[]): SeenMessage[] {
  const folded: SeenMessage[] = [];
  for (const message of seen) {
    const isRepeat = message.direction === 'sent' && message.status === undefined && message.method !== 'ACK';
    const from = isRepeat ? challengedAt(folded, message.method) : -1;
    if (from === -1) folded.push(message);
    else folded.splice(from, Infinity, { ...message, words: [...message.words, 'challenged'] });
  }
  return folded;
}

/** Where the request is that was challenged last, if nothing has happened since. */
function challengedAt(seen: readonly SeenMessage[], method: string): number {
  const length = method === 'INVITE' ? 3 : 2;
  const [request, challenge] = seen.slice(-length);
  const isChallenge = challenge?.status === 407 || challenge?.status === 401;
  const isSame = request?.direction === 'sent' && request.method === method && request.status === undefined;
  return isChallenge && isSame && challenge.method === method ? seen.length - length : -1;
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
