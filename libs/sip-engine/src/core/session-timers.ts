import { Headers, type Refresher, type SipRequest, type SipResponse } from '@callweave/sip';
import { type RequestWish } from './build-request.ts';
import { type Core } from './context.ts';
import { type Dialog } from './dialog.ts';
import { type DialogSender } from './dialog-sender.ts';
import { KeptSession } from './kept-session.ts';
import { acceptedTerms, isForSession, supportsTimer, termsOf } from './session-terms.ts';

/** Agrees how long sessions live without a sign of life, and has them kept alive. RFC 4028. */
export class SessionTimers {
  readonly #core: Core;
  readonly #sender: DialogSender;

  constructor(core: Core, sender: DialogSender) {
    this.#core = core;
    this.#sender = sender;
  }

  /** Our 2xx is about to go out; returns its header lines with what is agreed. RFC 4028 §9. */
  accepting(dialog: Dialog, request: SipRequest, lines: string, body: Buffer): string {
    const given = sessionExpiresIn(lines);
    const wanted = given === undefined ? acceptedTerms(request, this.#preferred) : termsOf(given);
    if (wanted === undefined) {
      drop(dialog);
      return lines;
    }
    const { intervalSec } = wanted;
    const canRefresh = supportsTimer(request);
    const refresher = wanted.refresher ?? (canRefresh ? 'uac' : 'uas');
    this.#keep(dialog, { intervalSec, isOurs: refresher === 'uas', peer: request, description: body });
    if (this.#core.quirks.timesSessionsLoosely)
      return given === undefined ? `${lines}Session-Expires: ${intervalSec};refresher=${refresher}\r\n` : lines;
    // Who has to refresh is to know that we count on it.
    const isRequired = refresher === 'uac' && canRefresh && !/^Require:.*\btimer\b/im.test(lines);
    const rest = lines.replace(SESSION_EXPIRES, '');
    return `${rest}${isRequired ? 'Require: timer\r\n' : ''}Session-Expires: ${intervalSec};refresher=${refresher}\r\n`;
  }

  /** A 2xx to a request of ours has come; `description` is what the request said of our media. RFC 4028 §7.2. */
  accepted(dialog: Dialog, response: SipResponse, description: Buffer): void {
    const terms = termsOf(response.headers);
    if (terms === undefined) drop(dialog);
    else {
      const isOurs = terms.refresher !== 'uas';
      this.#keep(dialog, { intervalSec: terms.intervalSec, isOurs, peer: response, description });
    }
  }

  /** What an application sends in a dialog, with what is agreed about its session: or a 2xx would end that. */
  reminding(dialog: Dialog, wish: RequestWish): RequestWish {
    const { session } = dialog;
    const isSilent = session === undefined || this.#core.quirks.timesSessionsLoosely;
    if (isSilent || !isForSession(wish.method) || wish.headers.has('session-expires')) return wish;
    const headers = wish.headers.copy();
    session.describeTo(headers);
    return { ...wish, headers };
  }

  /** Who refreshes when a request leaves it open; undefined when it is not to be timed then. */
  get #preferred(): Refresher | undefined {
    const { defaultRefresher = this.#core.quirks.timesSessionsLoosely ? 'none' : 'uac' } = this.#core;
    return defaultRefresher === 'none' ? undefined : defaultRefresher;
  }

  #keep(dialog: Dialog, { intervalSec, isOurs, peer, description }: Agreement): void {
    const before = dialog.session;
    before?.stop();
    const allow = peer.headers.joined('allow');
    const takesUpdate = allow === undefined ? before?.takesUpdate === true : /\bUPDATE\b/.test(allow);
    dialog.session = new KeptSession(
      { core: this.#core, sender: this.#sender, agree: (response) => this.accepted(dialog, response, NOTHING) },
      { dialog, intervalSec, isOurs, takesUpdate, description: isOurs ? kept(description, before) : undefined },
    );
  }
}

interface Agreement {
  readonly intervalSec: number;
  readonly isOurs: boolean;
  /** What says what the peer can do. */
  readonly peer: SipRequest | SipResponse;
  /** Our session description, if the message had one. */
  readonly description: Buffer;
}

const NOTHING = Buffer.alloc(0);
const SESSION_EXPIRES = /^(?:Session-Expires|X):.*\r\n/im;

function drop(dialog: Dialog): void {
  dialog.session?.stop();
  dialog.session = undefined;
}

/** A copy: the message it came in is not to live as long as the call. */
function kept(description: Buffer, before: KeptSession | undefined): Buffer {
  return description.length === 0 ? (before?.description ?? NOTHING) : Buffer.from(description);
}

function sessionExpiresIn(lines: string): Headers | undefined {
  const value = /^(?:Session-Expires|X):\s*(.*)\r$/im.exec(lines)?.[1];
  return value === undefined ? undefined : new Headers(['Session-Expires'], [value]);
}
