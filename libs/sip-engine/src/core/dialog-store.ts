import { type SipMessage } from '@callweave/sip';
import { type App } from './app.ts';
import { type Dialog } from './dialog.ts';

/** Every dialog of the engine, found by what a message or an application calls it. */
export class DialogStore {
  readonly #byLeg = new Map<string, Dialog>();
  readonly #byId = new Map<string, Dialog>();

  get size(): number {
    return this.#byLeg.size;
  }

  add(dialog: Dialog): void {
    this.#byLeg.set(legKey(dialog.callId, dialog.localTag), dialog);
    this.#byId.set(dialog.id, dialog);
  }

  /** By the name an application knows. */
  byId(id: string): Dialog | undefined {
    return this.#byId.get(id);
  }

  /** The dialog a request of the peer belongs to, RFC 3261 §12.2.2. */
  ofRequest(request: SipMessage): Dialog | undefined {
    const { toTag } = request;
    if (toTag === undefined) return undefined;
    const dialog = this.#byLeg.get(legKey(request.callId, toTag));
    return dialog?.remoteTag === (request.fromTag ?? '') ? dialog : undefined;
  }

  /** The dialog of ours with this local tag, whoever the peer is. */
  ofLeg(callId: string, localTag: string): Dialog | undefined {
    return this.#byLeg.get(legKey(callId, localTag));
  }

  all(): IterableIterator<Dialog> {
    return this.#byLeg.values();
  }

  remove(dialog: Dialog): void {
    const key = legKey(dialog.callId, dialog.localTag);
    if (this.#byLeg.get(key) === dialog) this.#byLeg.delete(key);
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
  }

  has(dialog: Dialog): boolean {
    return this.#byLeg.get(legKey(dialog.callId, dialog.localTag)) === dialog;
  }

  /** How many dialogs an application has. */
  countOf(app: App): number {
    let count = 0;
    for (const dialog of this.#byLeg.values()) if (dialog.app === app) count++;
    return count;
  }
}

function legKey(callId: string, localTag: string): string {
  return `${callId} ${localTag}`;
}
