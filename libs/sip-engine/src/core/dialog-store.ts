import { type SipMessage } from '@callweave/sip';
import { type Dialog, dialogIdOf } from './dialog.ts';

/** Every dialog of the engine, found by what a message or an application calls it. RFC 3261 §12. */
export class DialogStore {
  readonly #byTags = new Map<string, Dialog>();
  readonly #byId = new Map<string, Dialog>();

  get size(): number {
    return this.#byTags.size;
  }

  /** Takes a dialog in; one whose name another branch of its fork has already is named by both tags. */
  add(dialog: Dialog): void {
    if (this.#byId.has(dialog.id)) {
      const isOurs = dialog.id === dialogIdOf(dialog.callId, dialog.localTag);
      dialog.id = `${dialog.id};to-tag=${isOurs ? dialog.remoteTag : dialog.localTag}`;
    }
    this.#byTags.set(keyOf(dialog), dialog);
    this.#byId.set(dialog.id, dialog);
  }

  /** By the name an application knows, or knew before its call was answered. */
  byId(id: string): Dialog | undefined {
    return this.#byId.get(id) ?? this.#byBothTags(id);
  }

  /** By what identifies it in messages. */
  byTags(callId: string, localTag: string, remoteTag: string): Dialog | undefined {
    return this.#byTags.get(tagsKey(callId, localTag, remoteTag));
  }

  /** The dialog a request of the peer belongs to, RFC 3261 §12.2.2. */
  ofRequest(request: SipMessage): Dialog | undefined {
    const { toTag } = request;
    return toTag === undefined ? undefined : this.byTags(request.callId, toTag, request.fromTag ?? '');
  }

  all(): IterableIterator<Dialog> {
    return this.#byTags.values();
  }

  /** Gives a dialog the name of its call. */
  rename(dialog: Dialog, id: string): void {
    if (dialog.id === id || !this.has(dialog) || this.#byId.has(id)) return;
    this.#byId.delete(dialog.id);
    dialog.id = id;
    this.#byId.set(id, dialog);
  }

  remove(dialog: Dialog): void {
    if (this.has(dialog)) this.#byTags.delete(keyOf(dialog));
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
  }

  has(dialog: Dialog): boolean {
    return this.#byTags.get(keyOf(dialog)) === dialog;
  }

  #byBothTags(id: string): Dialog | undefined {
    const [, callId, from, to] = /^(.*);from-tag=(.*);to-tag=(.*)$/.exec(id) ?? [];
    if (callId === undefined || from === undefined || to === undefined) return undefined;
    return this.byTags(callId, from, to) ?? this.byTags(callId, to, from);
  }
}

function keyOf({ callId, localTag, remoteTag }: Dialog): string {
  return tagsKey(callId, localTag, remoteTag);
}

function tagsKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}
