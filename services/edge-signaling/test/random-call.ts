import { type LegId, MediaNodeId } from '@callweave/contracts';
import { type IncomingRequest, type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { type Anchored } from '../src/call/call-ports.ts';
import { type Leg } from '../src/leg/leg.ts';
import { type FakeCall, fakeCall, fakeRequest, response } from './fake-call.ts';

export type SideName = 'caller' | 'callee';

/** Something that happens to a call, in whatever order; what cannot happen just now does nothing. */
export type Happening =
  | { readonly kind: 'responds'; readonly device: number; readonly status: number; readonly isDescribed: boolean }
  | { readonly kind: 'cannotBeSent'; readonly device: number }
  | { readonly kind: 'cancels' }
  | { readonly kind: 'requests'; readonly side: SideName; readonly method: string; readonly isDescribed: boolean }
  | { readonly kind: 'answers'; readonly status: number; readonly isDescribed: boolean }
  | { readonly kind: 'engineGivesUp'; readonly side: SideName }
  | { readonly kind: 'engineIsAnother' }
  | { readonly kind: 'media'; readonly outcome: 'anchored' | 'unusable' | 'unavailable' }
  | { readonly kind: 'passes'; readonly ms: number };

/** What one peer saw of us and did itself, in order: `<` is what we sent it. */
type Ladder = string[];

/** A request of ours that is not answered yet. */
interface Open {
  readonly request: OutgoingRequest;
  readonly events: OutgoingEvents;
  readonly ladder: Ladder;
}

const node = MediaNodeId.parse('127.0.0.1:2223@1');
/** More than any call needs to come to its end when everybody does what he must. */
const MAX_ROUNDS = 200;
const RING_MS = 40_000;

/** A call among peers who do what they like, as far as SIP lets them; and then all they must. */
export class RandomCall {
  readonly fake: FakeCall;
  /** The ladder of the caller, then one of each device. */
  readonly ladders: Ladder[] = [[]];
  /** Offers to the media node, which take ports, and releases, in order. */
  readonly media: ('offer' | 'release')[] = [];
  /** Whether the node has taken any ports. */
  hasAnchored = false;
  /** Requests of the peers that we have not answered, and those answered more than once. */
  readonly unanswered = new Map<string, number>();
  readonly #invites: Open[] = [];
  readonly #asked: Open[] = [];
  readonly #pendingMedia: ((outcome: Anchored) => void)[] = [];
  /** The ladders of the devices by our tag. */
  readonly #devices = new Map<string, Ladder>();
  #calleeTag: string | undefined;
  #isCancelled = false;
  #count = 0;

  constructor(devices: number, inTurn: boolean, offer: 'v=0' | 'none') {
    const pending = (): Promise<Anchored> => new Promise((resolve) => this.#pendingMedia.push(resolve));
    this.fake = fakeCall({
      devices,
      inTurn,
      offer,
      deps: {
        media: {
          offer: () => {
            this.media.push('offer');
            return pending();
          },
          answer: pending,
          release: () => {
            this.media.push('release');
            return Promise.resolve(undefined);
          },
        },
        send: (request, events) => this.#send(request, events),
        sendThrough: () => (request, events) => this.#send(request, events),
      },
    });
    this.fake.call.start();
  }

  get #caller(): Ladder {
    return this.ladders[0] ?? [];
  }

  #send(request: OutgoingRequest, events: OutgoingEvents): { cancel: () => void } {
    const { method, dialogId } = request;
    if (method === 'INVITE' && dialogId === undefined) {
      const ladder: Ladder = ['<INVITE'];
      this.ladders.push(ladder);
      const open = { request, events, ladder };
      this.#invites.push(open);
      this.#devices.set(tagOf(request), ladder);
      return { cancel: () => void ladder.push('<CANCEL') };
    }
    const tag = /;from-tag=(.*)$/.exec(dialogId ?? '')?.[1] ?? '';
    const ladder = this.#devices.get(tag) ?? this.#caller;
    ladder.push(`<${method}`);
    const open = { request, events, ladder };
    this.#asked.push(open);
    return { cancel: () => void ladder.push(`<CANCEL of ${method}`) };
  }

  get #callee(): Ladder {
    return this.#devices.get(this.#calleeTag ?? '') ?? [];
  }

  /** Lets one thing happen. */
  async happen(what: Happening): Promise<void> {
    switch (what.kind) {
      case 'responds':
        this.#respond(this.#invites[what.device % Math.max(1, this.#invites.length)], what);
        break;
      case 'cannotBeSent': {
        const open = this.#invites[what.device % Math.max(1, this.#invites.length)];
        if (open === undefined || open.ladder.length > 1) break;
        this.#invites.splice(this.#invites.indexOf(open), 1);
        open.ladder.push('not sent');
        open.events.failed(new Error('no connection'));
        break;
      }
      case 'cancels':
        // The engine answers it, and the INVITE, by itself.
        if (this.#isCancelled || this.#finalOfCaller !== undefined) break;
        this.#isCancelled = true;
        this.#caller.push('CANCEL');
        this.fake.cancel();
        break;
      case 'requests':
        this.#request(what.side, what.method, what.isDescribed);
        break;
      case 'answers':
        this.#answer(this.#asked.shift(), what);
        break;
      case 'engineGivesUp':
        this.#engineGivesUp(what.side);
        break;
      case 'engineIsAnother':
        // What is sent then reaches the peers by way of that one.
        this.fake.call.engineLost();
        break;
      case 'media':
        if (what.outcome === 'anchored' && this.#pendingMedia.length > 0) this.hasAnchored = true;
        this.#pendingMedia.shift()?.(outcomes[what.outcome]);
        break;
      case 'passes':
        this.fake.clock.advance(what.ms);
    }
    await this.fake.settle();
  }

  /** Everybody does what he must, until nothing is left to do. */
  async end(): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS && !this.#isQuiet; round++) {
      const [invite] = this.#invites;
      if (this.#pendingMedia.length > 0) await this.happen({ kind: 'media', outcome: 'anchored' });
      else if (this.#asked.length > 0) await this.happen({ kind: 'answers', status: 200, isDescribed: true });
      else if (invite !== undefined)
        await this.happen({ kind: 'responds', device: 0, status: 487, isDescribed: false });
      else if (this.#owesAck) await this.happen({ kind: 'requests', side: 'caller', method: 'ACK', isDescribed: true });
      else if (this.#hasHeard200)
        await this.happen({ kind: 'requests', side: 'caller', method: 'BYE', isDescribed: false });
      await this.happen({ kind: 'passes', ms: RING_MS });
    }
  }

  get #isQuiet(): boolean {
    const { call, calls, legs } = this.fake;
    const nothingIsOpen = this.#invites.length + this.#asked.length + this.#pendingMedia.length === 0;
    return nothingIsOpen && call.phase === 'ended' && calls.size + legs.size === 0;
  }

  /** What the caller was answered: the reply that ended his INVITE. */
  get #finalOfCaller(): number | undefined {
    const finals = this.fake.seen
      .map((seen) => Number(/^caller (\d{3})/.exec(seen)?.[1]))
      .filter((status) => status >= 200);
    return finals[0];
  }

  get #hasHeard200(): boolean {
    return this.#finalOfCaller === 200 && !this.#caller.includes('BYE') && !this.#caller.includes('<BYE');
  }

  get #owesAck(): boolean {
    return this.#finalOfCaller === 200 && !this.#caller.includes('ACK');
  }

  #respond(open: Open | undefined, { status, isDescribed }: { status: number; isDescribed: boolean }): void {
    if (open === undefined) return;
    const { ladder, events, request } = open;
    if (status >= 200) this.#invites.splice(this.#invites.indexOf(open), 1);
    ladder.push(String(status));
    if (status === 200) this.#calleeTag ??= tagOf(request);
    const body = isDescribed && status !== 180 ? 'v=0' : undefined;
    const heard = response(status, () => ladder.push('<ACK'), body);
    events.responded({ ...heard, body });
  }

  #answer(open: Open | undefined, { status, isDescribed }: { status: number; isDescribed: boolean }): void {
    if (open === undefined) return;
    const { ladder, events, request } = open;
    const isInvite = request.method === 'INVITE';
    ladder.push(`${String(status)} to ${request.method}`);
    const body = isDescribed && (isInvite || request.method === 'UPDATE') && status === 200 ? 'v=0' : undefined;
    const heard = response(status, () => isInvite && ladder.push('<ACK'), body);
    events.responded({ ...heard, body });
  }

  #legOf(side: SideName): Leg | undefined {
    if (side === 'caller') return this.fake.legs.byId(this.fake.call.caller.legId);
    return this.#calleeTag === undefined ? undefined : this.fake.legs.byId(this.#calleeTag as LegId);
  }

  #request(side: SideName, method: string, isDescribed: boolean): void {
    const leg = this.#legOf(side);
    const ladder = side === 'caller' ? this.#caller : this.#callee;
    if (leg === undefined) return;
    if (side === 'caller' && this.#finalOfCaller !== 200) return;
    if (method === 'ACK' && side === 'caller' && ladder.includes('ACK')) return;
    if (method === 'ACK' && side === 'callee') return;
    ladder.push(method);
    const key = `${side}'s ${method} ${String(++this.#count)}`;
    if (method !== 'ACK') this.unanswered.set(key, 0);
    const request: IncomingRequest = {
      ...fakeRequest(method, ({ status }) => {
        ladder.push(`<${String(status)} to ${method}`);
        this.unanswered.set(key, (this.unanswered.get(key) ?? 0) + 1);
      }),
      body: isDescribed ? 'v=0' : undefined,
    };
    void leg.receive(request);
  }

  /** An ACK or an answer never came: the engine ends the dialog with a BYE of its own, and tells us. */
  #engineGivesUp(side: SideName): void {
    const leg = this.#legOf(side);
    if (leg === undefined || (side === 'caller' && this.#finalOfCaller !== 200)) return;
    void leg.receive({ ...fakeRequest('BYE', () => undefined), isFromEngine: true });
  }
}

/** Our tag in a request of ours. */
function tagOf({ headers }: OutgoingRequest): string {
  return /;tag=([^;]+)/.exec(String(headers?.['From']))?.[1] ?? '';
}

const outcomes = {
  anchored: { kind: 'anchored', sdp: 'v=0 anchored', node },
  unusable: { kind: 'unusable', reason: 'no codec' },
  unavailable: { kind: 'unavailable' },
} as const;
