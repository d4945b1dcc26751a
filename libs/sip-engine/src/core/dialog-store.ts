import { type SipMessage } from '@callweave/sip';
import { type TimerWheel } from '../transaction/wheel.ts';
import { type Dialog } from './dialog.ts';

/** Every dialog of the engine, found by what a message or an application calls it. RFC 3261 §12. */
export class DialogStore {
  readonly #byTags = new Map<string, Dialog>();
  readonly #byId = new Map<string, Dialog>();
  readonly #wheel: TimerWheel;

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
  }

  get size(): number {
    return this.#byTags.size;
  }

  /** Takes a dialog in; one whose name another branch of its fork has already is named by both tags. */
  add(dialog: Dialog): void {
    const { isCaller, localTag, remoteTag } = dialog;
    if (this.#byId.has(dialog.id)) dialog.id = `${dialog.id};to-tag=${isCaller ? remoteTag : localTag}`;
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

  /** Forgets a dialog and what was to happen in it. */
  remove(dialog: Dialog): void {
    dialog.session?.stop();
    for (const timer of dialog.subscriptions?.values() ?? []) this.#wheel.stop(timer);
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
