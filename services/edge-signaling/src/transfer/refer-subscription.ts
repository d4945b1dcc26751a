import { reasonPhrase } from '@callweave/sip';
import { sessionHeaders } from '../call/exchange.ts';
import { type Leg } from '../leg/leg.ts';

/** Longest a referral is reported on, s: until the last device has rung in vain. */
const EXPIRES_SEC = 180;

interface News {
  readonly status: number;
  /** Of the subscription. */
  readonly state: string;
}

/** Tells the sender of a REFER what becomes of it, in order. RFC 3515 §2.4.4, RFC 6665 §4.2.2. */
export class ReferSubscription {
  readonly #leg: Leg;
  readonly #id: number;
  /** One after the other: one that overtook another would be out of order. */
  readonly #waiting: News[] = [];
  #isOpen: boolean;
  #isBusy = false;
  #ended: (() => void) | undefined;

  /** `isOpen`: whether he wants to be told. */
  constructor(leg: Leg, { id, isOpen }: { readonly id: number; readonly isOpen: boolean }) {
    this.#leg = leg;
    this.#id = id;
    this.#isOpen = isOpen;
  }

  /** A provisional status. */
  progress(status: number): void {
    this.#tell({ status, state: `active;expires=${String(EXPIRES_SEC)}` });
  }

  /** The final status; `ended` when he knows, or is never going to. */
  end(status: number, ended: () => void = () => undefined): void {
    this.#ended = ended;
    this.#tell({ status, state: 'terminated;reason=noresource' });
  }

  /** His dialog is over. */
  close(): void {
    this.#isOpen = false;
  }

  #tell(news: News): void {
    this.#waiting.push(news);
    if (!this.#isBusy) this.#next();
  }

  #next(): void {
    if (!this.#isOpen) this.#waiting.length = 0;
    const news = this.#waiting.shift();
    this.#isBusy = news !== undefined;
    if (news !== undefined) this.#notify(news);
    else this.#ended?.();
  }

  #notify({ status, state }: News): void {
    const headers = {
      Contact: sessionHeaders.Contact,
      Event: `refer;id=${String(this.#id)}`,
      'Subscription-State': state,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    const body = `SIP/2.0 ${String(status)} ${reasonPhrase(status)}\r\n`;
    const done = (isOpen: boolean): void => {
      this.#isOpen &&= isOpen;
      this.#next();
    };
    this.#leg.request(
      { method: 'NOTIFY', headers, body },
      {
        responded: (response) => {
          // RFC 6665 §4.2.2: what is refused for good ends the subscription.
          if (response.status >= 200) done(response.status !== 481 && response.status !== 489);
        },
        failed: () => done(false),
      },
    );
  }
}
