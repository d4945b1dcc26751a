import { copyText } from '@callweave/sip';
import { type IncomingResponse, type ReadableMessage, type Reply } from '@callweave/srf';
import { tagOf } from './dialog.ts';

/** Name of the extension that has provisional responses acknowledged, RFC 3262. */
export const RELIABLE = '100rel';

/** Whether a message lists the extension in `header`. */
export function lists(message: ReadableMessage, header: 'require' | 'supported'): boolean {
  const tags = message.header(header)?.split(',') ?? [];
  return tags.some((tag) => tag.trim().toLowerCase() === RELIABLE);
}

/** A provisional response that the engine repeats until it is acknowledged, RFC 3262 §3. */
export function reliably(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, Require: RELIABLE } };
}

/** What the devices behind one INVITE have said reliably, each in an early dialog of its own. RFC 3262 §4 */
export class ReliableProgress {
  readonly #heard = new Map<string, { readonly rseq: number; readonly sdp: string | undefined }>();

  /**
   * Acknowledges a provisional response if it asks for that. False when it is to be ignored: it was heard before, or one
   * before it was not, which will be repeated.
   */
  take(response: IncomingResponse): boolean {
    const rseq = Number(response.header('rseq'));
    if (!lists(response, 'require') || !Number.isInteger(rseq)) return true;
    const tag = copyText(tagOf(response, 'to') ?? '');
    const before = this.#heard.get(tag);
    if (before !== undefined && rseq !== before.rseq + 1) return false;
    const { body } = response;
    this.#heard.set(tag, { rseq, sdp: before?.sdp ?? (body === undefined ? undefined : copyText(body)) });
    response.acknowledge();
    return true;
  }

  /** The session description in a 2xx, or the one that was acknowledged before it: then a 2xx need not have any. */
  descriptionIn(response: IncomingResponse): string | undefined {
    return response.body ?? this.#heard.get(tagOf(response, 'to') ?? '')?.sdp;
  }
}
