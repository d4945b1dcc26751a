import { type Head, Headers, parseHead, SipError } from '@callweave/sip';
import { parseDelayMs, type ProxyWish } from '../core/proxy/wish.ts';

/** A SIP message an application wants sent. */
export interface AppMessage {
  readonly head: Head;
  /** The first line as the application wrote it. */
  readonly startLine: string;
  readonly body: Buffer;
}

/** What an application can ask for. `broken` is answered `NO` and the connection closed. */
export type Command =
  | { readonly kind: 'authenticate'; readonly id: string; readonly secret: string; readonly tags: readonly string[] }
  | { readonly kind: 'ping'; readonly id: string }
  | { readonly kind: 'route' | 'remove-route'; readonly id: string; readonly verb: string }
  | {
      readonly kind: 'sip';
      readonly id: string;
      readonly txn: string;
      readonly dialog: string;
      readonly proxyUri: string | undefined;
      readonly message: AppMessage;
    }
  | { readonly kind: 'proxy'; readonly id: string; readonly wish: ProxyWish }
  | { readonly kind: 'broken'; readonly id: string; readonly reason: string };

/** How many tokens the leader of each command has at least. */
const MIN_TOKENS: ReadonlyMap<string, number> = new Map([
  ['authenticate', 3],
  ['ping', 2],
  ['route', 3],
  ['remove_route', 3],
  ['sip', 3],
  ['proxy', 10],
]);

/** Reads one frame of an application. */
export function parseCommand(payload: Buffer): Command {
  const cr = payload.indexOf('\r\n', 0, 'latin1');
  const leaderEnd = cr < 0 ? payload.length : cr;
  const tokens = payload.toString('utf8', 0, leaderEnd).split('|');
  const [id = '', type = '', third = '', fourth = '', fifth = ''] = tokens;
  const wanted = MIN_TOKENS.get(type);
  if (tokens.length < 2) return { kind: 'broken', id, reason: 'Invalid message format' };
  if (wanted === undefined) return { kind: 'broken', id, reason: 'Unknown message type' };
  if (tokens.length < wanted) return { kind: 'broken', id, reason: 'Invalid message format' };
  switch (type) {
    case 'authenticate':
      return { kind: 'authenticate', id, secret: third, tags: fourth.split(',').filter((tag) => tag !== '') };
    case 'ping':
      return { kind: 'ping', id };
    case 'proxy':
      return {
        kind: 'proxy',
        id,
        wish: proxyWish(tokens, cr < 0 ? undefined : parseAppMessage(payload.subarray(cr + 2))),
      };
    case 'sip': {
      const message = cr < 0 ? undefined : parseAppMessage(payload.subarray(cr + 2));
      if (message === undefined) return { kind: 'broken', id, reason: 'Invalid message format' };
      return { kind: 'sip', id, txn: third, dialog: fourth, proxyUri: fifth === '' ? undefined : fifth, message };
    }
    default:
      return { kind: type === 'route' ? 'route' : 'remove-route', id, verb: third.toLowerCase() };
  }
}

/** Options are words at fixed places; anything else there means no. */
function proxyWish(tokens: readonly string[], message: AppMessage | undefined): ProxyWish {
  const [txn = '', inPath, full, redirects, forking, provisional = '', final = '', ...targets] = tokens.slice(2);
  return {
    txn,
    staysInPath: inPath === 'remainInDialog',
    tellsResponses: full === 'fullResponse',
    followsRedirects: redirects === 'followRedirects',
    isSimultaneous: forking === 'simultaneous',
    provisionalMs: parseDelayMs(provisional),
    finalMs: parseDelayMs(final),
    targets: targets.filter((target) => target !== ''),
    headers: message?.head.headers ?? new Headers(),
  };
}

/** The SIP text of a frame. Its Content-Length counts characters and is not believed: the body is all that follows. */
function parseAppMessage(bytes: Buffer): AppMessage | undefined {
  const blank = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  if (blank < 0) return undefined;
  try {
    const startLine = bytes.toString('latin1', 0, bytes.indexOf('\r\n', 0, 'latin1'));
    return { head: parseHead(bytes, 0, blank + 4), startLine, body: bytes.subarray(blank + 4) };
  } catch (error) {
    if (error instanceof SipError) return undefined;
    throw error;
  }
}
