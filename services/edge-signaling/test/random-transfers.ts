import { BusUnavailableError } from '@callweave/bus';
import { FakeClock } from '@callweave/clock/testing';
import { type CallId, type CallRecord, defaultTenant, User } from '@callweave/contracts';
import { type IncomingRequest, type OutgoingEvents, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { type CallTeller } from '../src/call/call-ports.ts';
import { type FoundLeg } from '../src/call/call-records.ts';
import { type EstablishedCall } from '../src/call/established-call.ts';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { type Leg, LegTable, type SendRequest } from '../src/leg/leg.ts';
import { Networks } from '../src/networks.ts';
import { Adopter } from '../src/survive/adopter.ts';
import { type Yielded } from '../src/survive/peers.ts';
import { takePlace } from '../src/transfer/take-place.ts';
import { Transfers } from '../src/transfer/transfers.ts';
import { edge, fakeRequest, response } from './fake-call.ts';
import { dialling } from './fake-transfer.ts';
import { type MediaOutcome, RandomMedia } from './random-media.ts';
import { storedCall } from './stored-call.ts';

/** Something that happens to calls whose parties send each other elsewhere; what cannot happen just now does nothing. */
export type Happening =
  | {
      readonly kind: 'refers';
      readonly who: number;
      readonly to: number | 'device' | 'nobody';
      readonly isQuiet: boolean;
    }
  | { readonly kind: 'replaces'; readonly whom: number; readonly isOffering: boolean }
  | { readonly kind: 'cancels' }
  | { readonly kind: 'answers'; readonly index: number; readonly status: number; readonly isDescribed: boolean }
  | { readonly kind: 'requests'; readonly who: number; readonly method: 'BYE' | 'INVITE' | 'ACK' }
  | { readonly kind: 'engineGivesUp'; readonly who: number }
  | { readonly kind: 'superseded'; readonly call: number }
  | { readonly kind: 'media'; readonly index: number; readonly outcome: MediaOutcome }
  | { readonly kind: 'stored' }
  | { readonly kind: 'passes'; readonly ms: number };

/** What one peer saw of us and did itself, in order: `<` is what we sent it. */
export type Ladder = string[];

interface Open {
  readonly request: OutgoingRequest;
  readonly events: OutgoingEvents;
  readonly ladder: Ladder;
}

interface Party {
  readonly leg: Leg;
  readonly ladder: Ladder;
  /** Whether its dialog is more than an INVITE. */
  isAnswered: boolean;
  /** A 2xx of ours that it has not acknowledged. */
  owesAck: boolean;
}

const MAX_ROUNDS = 300;
const LONG_MS = 40_000;

/**
 * What becomes of the call of another edge when it is asked for: what that one says, `gone` with the edge, `taken` by a
 * third one, `unknown` since its record is lost, `away` with the bus.
 */
export type Elsewhere = Yielded['kind'] | 'gone' | 'taken' | 'unknown' | 'away';

/** Two calls of this edge and one of another, whose parties refer, replace and hang up as they like; then all they must. */
export class RandomTransfers {
  readonly clock = new FakeClock();
  readonly legs = new LegTable();
  readonly parties: Party[] = [];
  readonly log = recordLogs();
  readonly media = new RandomMedia();
  /** How often the end of each call was told. */
  readonly ended = new Map<CallId, number>();
  /** Calls that another edge has in the end. */
  readonly superseded = new Set<CallId>();
  /** Requests of the peers and how often each was answered. */
  readonly answers = new Map<string, number>();
  transferred = 0;
  readonly #open: Open[] = [];
  readonly #pendingStores: (() => void)[] = [];
  readonly #ladders = new Map<string, Ladder>();
  readonly #calls: EstablishedCalls;
  readonly #transfers: Transfers;
  readonly #adopter: Adopter;
  readonly #deps: Parameters<typeof takePlace>[1];
  readonly #elsewhere: FoundLeg;
  /** Calls that nobody can take over any more. */
  readonly #over = new Set<CallId>();
  readonly #newcomers: { cancel(): void }[] = [];
  #count = 1;

  constructor(elsewhere: Elsewhere) {
    const { clock, legs, log, media } = this;
    const add = legs.add.bind(legs);
    legs.add = (leg) => {
      add(leg);
      const isAnswered = !leg.identity.remoteTag.startsWith('newcomer');
      this.parties.push({ leg, ladder: this.#ladderOf(leg.legId), isAnswered, owesAck: false });
    };
    const send: SendRequest = (request, events) => this.#send(request, events);
    const calls: EstablishedCalls = new EstablishedCalls({
      records: {
        keep: () => Promise.resolve(true),
        change: () => undefined,
        repair: () => new Promise<void>((resolve) => this.#pendingStores.push(resolve)),
        end: (callId) => {
          this.#over.add(callId);
          return Promise.resolve('won');
        },
      },
      media,
      refer: (request, side, call) => this.#transfers.refer(request, side, call),
      clock,
      log,
    });
    this.#calls = calls;
    const records = {
      adopt: ({ call }: Pick<FoundLeg, 'call'>) => {
        const isTaken = elsewhere === 'taken' && call === this.#elsewhere.call;
        return Promise.resolve(isTaken ? undefined : { ...call, owner: edge, epoch: call.epoch + 1 });
      },
      end: () => Promise.resolve('won' as const),
    };
    const openTeller = (call: CallRecord): CallTeller => this.#teller(call);
    const sending = {
      knowsOurTags: () => true,
      sendThrough: () => send,
      whereabouts: { find: () => Promise.resolve(undefined) },
      isAlive: () => false,
      owner: () => edge,
    };
    this.#adopter = new Adopter({ records, calls, legs, media, clock, log, openTeller, ...sending });
    this.#elsewhere = storedCall(2);
    const [yielded] = (['yielded', 'busy', 'silent'] as const).filter((kind) => kind === elsewhere);
    this.#deps = {
      ...{ calls, legs, media, clock, log, send, random: () => 0.5, networks: new Networks(undefined) },
      doubts: { settle: (call: EstablishedCall) => Promise.resolve(call.state === 'talking') },
      records: {
        find: (legId) => {
          if (elsewhere === 'away') return Promise.reject(new BusUnavailableError('away'));
          return Promise.resolve(elsewhere === 'unknown' ? undefined : this.#foundElsewhere(legId));
        },
      },
      peers: {
        holds: () => Promise.resolve(elsewhere !== 'gone'),
        yield: () => Promise.resolve({ kind: yielded ?? 'not-held' }),
      },
      adopter: this.#adopter,
    };
    this.#transfers = new Transfers({
      ...this.#deps,
      sendThrough: () => send,
      placeOf: () => undefined,
      notReady: () => undefined,
      ...dialling,
    });
  }

  /** Calls and legs that are left. */
  get left(): number {
    return this.#calls.size + this.parties.filter((party) => this.#isAlive(party)).length;
  }

  async begin(): Promise<void> {
    for (const index of [0, 1]) await this.#adopter.adopt(storedCall(index), said);
    await this.#settle();
  }

  /** Lets one thing happen. */
  async happen(what: Happening): Promise<void> {
    switch (what.kind) {
      case 'refers':
        this.#refer(what);
        break;
      case 'replaces':
        this.#replace(what);
        break;
      case 'cancels':
        this.#newcomers.shift()?.cancel();
        break;
      case 'answers':
        this.#answer(what);
        break;
      case 'requests':
        this.#request(this.#party(what.who), what.method);
        break;
      case 'engineGivesUp':
        this.#engineGivesUp(this.#party(what.who));
        break;
      case 'superseded':
        this.#supersede(this.#calls.all[what.call % Math.max(1, this.#calls.size)]);
        break;
      case 'media':
        this.media.settle(what.index, what.outcome);
        break;
      case 'stored':
        this.#pendingStores.shift()?.();
        break;
      case 'passes':
        this.clock.advance(what.ms);
    }
    await this.#settle();
  }

  /** Everybody does what he must, until nothing is left to do. */
  async end(): Promise<void> {
    for (let round = 0, quiet = 0; round < MAX_ROUNDS && quiet < 2; round++) {
      quiet = this.#isQuiet ? quiet + 1 : 0;
      const owing = this.parties.findIndex((party) => party.owesAck && this.#isAlive(party));
      if (this.media.pending > 0) await this.happen({ kind: 'media', index: 0, outcome: 'anchored' });
      else if (this.#pendingStores.length > 0) await this.happen({ kind: 'stored' });
      else if (this.#open.length > 0) await this.happen({ kind: 'answers', index: 0, status: 200, isDescribed: true });
      else if (owing >= 0) await this.happen({ kind: 'requests', who: owing, method: 'ACK' });
      else {
        await this.happen({ kind: 'passes', ms: LONG_MS });
        const alive = this.parties.findIndex((party) => party.isAnswered && this.#isAlive(party));
        if (alive >= 0) await this.happen({ kind: 'requests', who: alive, method: 'BYE' });
      }
    }
  }

  get #isQuiet(): boolean {
    return this.left + this.#open.length + this.media.pending + this.#pendingStores.length === 0;
  }

  async #settle(): Promise<void> {
    for (let i = 0; i < 60; i++) await Promise.resolve();
  }

  #party(index: number): Party | undefined {
    const party = this.parties[index % Math.max(1, this.parties.length)];
    return party?.isAnswered === true && this.#isAlive(party) ? party : undefined;
  }

  #isAlive({ leg }: Party): boolean {
    return this.legs.byId(leg.legId) === leg;
  }

  #ladderOf(tag: string): Ladder {
    const ladder = this.#ladders.get(tag) ?? [];
    this.#ladders.set(tag, ladder);
    return ladder;
  }

  #send(request: OutgoingRequest, events: OutgoingEvents): { cancel: () => void } {
    const { method, headers = {}, dialogId, body = '' } = request;
    const tag = /;from-tag=(.*)$/.exec(dialogId ?? '')?.[1] ?? /;tag=([^;]+)/.exec(String(headers['From']))?.[1] ?? '';
    const ladder = this.#ladderOf(tag);
    const news =
      method === 'NOTIFY' ? ` ${body.slice(8, 11)} ${String(headers['Subscription-State']).slice(0, 10)}` : '';
    const id = method === 'NOTIFY' ? ` ${String(headers['Event'])}` : '';
    ladder.push(`<${method}${news}${id}`);
    this.#open.push({ request, events, ladder });
    return { cancel: () => void ladder.push('<CANCEL') };
  }

  #teller({ callId }: CallRecord): CallTeller {
    const nothing = (): void => undefined;
    this.ended.set(callId, 0);
    this.media.taken(callId);
    return {
      ...{ sequence: 4, detail: { legs: [] }, note: nothing, initiated: nothing, routed: nothing, ringing: nothing },
      ...{ answered: nothing, held: nothing, resumed: nothing, failed: nothing },
      transferred: () => (this.transferred += 1),
      ended: () => void this.ended.set(callId, (this.ended.get(callId) ?? 0) + 1),
    };
  }

  #foundElsewhere(legId: string): FoundLeg | undefined {
    const leg = this.#elsewhere.call.dialogs?.find((dialog) => dialog.legId === legId);
    return leg === undefined || this.#over.has(this.#elsewhere.call.callId) ? undefined : { ...this.#elsewhere, leg };
  }

  /** The engine ends a dialog by itself, and tells us. */
  #engineGivesUp(party: Party | undefined): void {
    if (party === undefined) return;
    party.ladder.push('BYE of the engine');
    void party.leg.receive({ ...fakeRequest('BYE', () => undefined), isFromEngine: true });
  }

  #supersede(call: EstablishedCall | undefined): void {
    if (call?.state !== 'talking') return;
    const { callId, mediaId = callId, caller, callee } = call.parts;
    this.superseded.add(callId);
    this.#over.add(callId);
    // Both are the other edge's now.
    this.media.give(mediaId);
    call.supersede();
    for (const { legId } of [caller, callee]) this.#ladderOf(legId).push('superseded');
  }

  /** The dialog of somebody in a Replaces: of a party here, or of one of the call that another edge has. */
  #dialogOf(index: number): { callId: string; toTag: string; fromTag: string } | undefined {
    const away = this.#elsewhere.call.dialogs?.[index % 5];
    if (away !== undefined) return { callId: away.sipCallId, toTag: away.legId, fromTag: away.remoteTag };
    const leg = this.#party(index)?.leg;
    return leg === undefined
      ? undefined
      : { callId: leg.identity.callId, toTag: leg.legId, fromTag: leg.identity.remoteTag };
  }

  #refer({ who, to, isQuiet }: Happening & { kind: 'refers' }): void {
    const dialog = typeof to === 'number' ? this.#dialogOf(to) : undefined;
    if (typeof to === 'number' && dialog === undefined) return;
    const replaces = `${dialog?.callId ?? ''};to-tag=${dialog?.toTag ?? ''};from-tag=${dialog?.fromTag ?? ''}`;
    const uri = dialog === undefined ? `sip:${String(to)}@d` : `sip:x@d?Replaces=${encodeURIComponent(replaces)}`;
    this.#request(this.#party(who), 'REFER', { 'refer-to': `<${uri}>`, ...(isQuiet ? { 'refer-sub': 'false' } : {}) });
  }

  #replace({ whom, isOffering }: Happening & { kind: 'replaces' }): void {
    const dialog = this.#dialogOf(whom);
    if (dialog === undefined) return;
    const key = `INVITE ${String(++this.#count)}`;
    const tag = `newcomer${String(this.#count)}`;
    this.answers.set(key, 0);
    const listeners: (() => void)[] = [];
    let isOver = false;
    const replied = ({ status }: { status: number }): void => {
      this.#ladderOf(tag).push(`<${String(status)} to INVITE`);
      if (status < 200) return;
      isOver = true;
      this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
      const party = this.parties.find(({ leg }) => leg.identity.remoteTag === tag);
      if (party !== undefined && status < 300) party.isAnswered = party.owesAck = true;
    };
    const plain = fakeRequest('INVITE', replied, (listener) => listeners.push(listener));
    const headers: Record<string, string> = { from: `<sip:n@d>;tag=${tag}`, 'call-id': tag };
    const request = { ...plain, header: (name: string) => headers[name] ?? plain.header(name) };
    this.#newcomers.push({
      cancel: () => {
        // The engine answers it, and the INVITE, by itself.
        if (isOver) return;
        isOver = true;
        this.answers.set(key, 1);
        for (const listener of listeners) listener();
      },
    });
    const about = { tenant: defaultTenant, user: User.parse('newcomer'), isHidden: false, profile: 'rtp' } as const;
    const sdp = isOffering ? 'v=0 newcomer' : undefined;
    void takePlace({ request, ...about, sdp, replaces: { ...dialog, isEarlyOnly: false } }, this.#deps);
  }

  #answer({ index, status, isDescribed }: Happening & { kind: 'answers' }): void {
    const at = index % Math.max(1, this.#open.length);
    const open = this.#open[at];
    if (open === undefined) return;
    const { request, events, ladder } = open;
    const isInvite = request.method === 'INVITE';
    if (status < 200 && !isInvite) return;
    if (status >= 200) this.#open.splice(at, 1);
    ladder.push(`${String(status)} to ${request.method}`);
    const body = isDescribed && isInvite && status === 200 ? 'v=0' : undefined;
    const heard = response(status, () => isInvite && ladder.push('<ACK'), body);
    events.responded({ ...heard, body });
  }

  #request(party: Party | undefined, method: string, headers: Readonly<Record<string, string>> = {}): void {
    if (party === undefined) return;
    const { leg, ladder } = party;
    if (method === 'ACK' && !party.owesAck) return;
    // A phone has one offer under way, and none before it has acknowledged.
    if (method !== 'ACK' && method !== 'BYE' && party.owesAck) return;
    if (method === 'ACK') party.owesAck = false;
    const cseq = ++this.#count;
    const key = `${String(cseq)} ${method}`;
    const name = method === 'REFER' ? `REFER ${String(cseq)}` : method;
    if (method !== 'ACK') this.answers.set(key, 0);
    ladder.push(name);
    const plain = fakeRequest(method, ({ status }) => {
      ladder.push(`<${String(status)} to ${name}`);
      this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
      if (method === 'INVITE' && status === 200) party.owesAck = true;
    });
    const all: Record<string, string> = { ...headers, cseq: key, 'content-type': 'application/sdp' };
    const request: IncomingRequest = {
      ...plain,
      header: (name) => all[name] ?? plain.header(name),
      body: method === 'INVITE' ? 'v=0 changed' : undefined,
    };
    void leg.receive(request);
  }
}

const said = { caller: 'v=0 caller', callee: 'v=0 callee' };
