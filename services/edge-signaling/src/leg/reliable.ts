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
  /** Most devices say nothing reliably. */
  #heard: Map<string, { readonly rseq: number; readonly sdp: string | undefined }> | undefined;
  /** It brought an offer, and is acknowledged with the answer. */
  #offer: IncomingResponse | undefined;

  get isOfferOpen(): boolean {
    return this.#offer !== undefined;
  }

  /**
   * Acknowledges a provisional response if it asks for that; with `isAsked` the first description is an offer, which
   * `answer` acknowledges. False when it is to be ignored: it was heard before, or one before it was not, which will be
   * repeated.
   */
  take(response: IncomingResponse, isAsked = false): boolean {
    const rseq = Number(response.header('rseq'));
    if (!lists(response, 'require') || !Number.isInteger(rseq)) return true;
    const tag = copyText(tagOf(response, 'to') ?? '');
    const before = this.#heard?.get(tag);
    if (before !== undefined && rseq !== before.rseq + 1) return false;
    const { body } = response;
    this.#heard ??= new Map();
    this.#heard.set(tag, { rseq, sdp: before?.sdp ?? (body === undefined ? undefined : copyText(body)) });
    if (isAsked && body !== undefined && before?.sdp === undefined) this.#offer = response;
    else response.acknowledge();
    return true;
  }

  /** Acknowledges an offer with its answer. RFC 3262 §5 */
  answer(content: string): void {
    this.#offer?.acknowledge({ type: 'application/sdp', content });
    this.#offer = undefined;
  }

  /** The session description in a 2xx, or the one that was acknowledged before it: then a 2xx need not have any. */
  descriptionIn(response: IncomingResponse): string | undefined {
    return response.body ?? this.#heard?.get(tagOf(response, 'to') ?? '')?.sdp;
  }
}
