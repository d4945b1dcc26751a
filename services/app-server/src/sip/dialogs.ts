import { type Clock } from '@callweave/clock';
import { type MediaCall, type MediaDialer, type MediaInvite } from '@callweave/mrf';
import {
  answerInSpan,
  type IncomingRequest,
  type IncomingResponse,
  type ReadableMessage,
  type RequestHandler,
  SIP_TRACE_HEADER,
} from '@callweave/srf';
import { RequestFailedError } from '../errors.ts';
import { Dialog, type DialogUser, sdpContent, type Sender } from './dialog.ts';

/** What dialogs need of the connection to the SIP engine. */
export interface DialogLink extends Sender {
  onInDialog(handler: RequestHandler): void;
}

/** Whoever asks after a call that has ended has heard of its end by then, or never will. */
const REMEMBERED_MS = 40_000;

/** The calls of this process: with callers, and with the media server. */
export class Dialogs implements MediaDialer {
  readonly #link: DialogLink;
  readonly #clock: Clock;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #ended = new Set<string>();

  constructor(link: DialogLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
    link.onInDialog((request) => this.#receive(request));
  }

  /** How many there are now. */
  get size(): number {
    return this.#dialogs.size;
  }

  /** Whether there is a dialog of this name. */
  has(id: string): boolean {
    return this.#dialogs.has(id);
  }

  /** Whether the dialog of this name has ended a moment ago, and does not go on elsewhere. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** Answers an INVITE with `sdp`. Rejects when it can no longer be answered. */
  async accept(invite: IncomingRequest, sdp: string, user: DialogUser): Promise<Dialog> {
    const dialog = this.#add(dialogId(invite, 'from'), sdp, user);
    try {
      await invite.reply({ status: 200, ...sdpContent(sdp) });
    } catch (error) {
      this.#dialogs.delete(dialog.id);
      throw error;
    }
    return dialog;
  }

  /** Calls somebody. Rejects with `RequestFailedError`. RFC 3261 §13.2. */
  call({ uri, headers, sdp }: MediaInvite): Promise<MediaCall> {
    return new Promise((resolve, reject) => {
      let id = '';
      const request = { method: 'INVITE', uri, headers: { ...headers, 'Content-Type': 'application/sdp' }, body: sdp };
      this.#link.send(request, {
        sent: (message) => {
          id = dialogId(message, 'from');
        },
        responded: (response) => {
          if (response.status < 200) return;
          if (response.status >= 300) reject(new RequestFailedError('INVITE', response.status));
          else resolve(this.#answered(id, sdp, response));
        },
        failed: (cause) => reject(new RequestFailedError('INVITE', 503, { cause })),
      });
    });
  }

  #answered(id: string, sdp: string, response: IncomingResponse): MediaCall {
    response.acknowledge();
    // A media server has nothing to offer by itself.
    const onOffer = (): Promise<string> => Promise.reject(new RequestFailedError('INVITE', 488));
    const dialog = this.#add(id, sdp, { onOffer });
    return {
      remoteSdp: response.body ?? '',
      modify: (offer) => dialog.modify(offer),
      hangUp: () => dialog.hangUp(),
      onEnded: (listener) => dialog.onEnded(listener),
    };
  }

  #add(id: string, localSdp: string, user: DialogUser): Dialog {
    const dialog = new Dialog({ id, sender: this.#link, localSdp, user });
    this.#dialogs.set(id, dialog);
    dialog.onEnded(() => {
      this.#dialogs.delete(id);
      if (dialog.isGivenUp) return;
      this.#ended.add(id);
      this.#clock.after(REMEMBERED_MS, () => this.#ended.delete(id));
    });
    return dialog;
  }

  async #receive(request: IncomingRequest): Promise<void> {
    const dialog = this.#dialogs.get(dialogId(request, 'from')) ?? this.#dialogs.get(dialogId(request, 'to'));
    if (dialog !== undefined) {
      const parent = request.header(SIP_TRACE_HEADER) ?? dialog.trace;
      await answerInSpan(request, { parent }, (traced) => dialog.receive(traced));
    } else if (request.method !== 'ACK' && !request.isFromEngine) await request.reply({ status: 481 });
  }
}

/** What the SIP engine calls the dialog of a message: its Call-ID, and the tag of whoever began it. */
function dialogId(message: ReadableMessage, beganBy: 'from' | 'to'): string {
  const tag = /;\s*tag=([^;>\s]+)/i.exec(message.header(beganBy) ?? '')?.[1] ?? '';
  return `${message.header('call-id') ?? ''};from-tag=${tag}`;
}
