import { type Clock, sleep, type Timer } from '@callweave/clock';
import { type InstanceId, PlacementId } from '@callweave/contracts';
import { type IncomingResponse, type OutgoingEvents, type OutgoingRequest, type SentRequest } from '@callweave/srf';
import { bound } from '@callweave/telemetry';
import { ulid } from 'ulid';
import { type SendRequest } from '../leg/leg.ts';
import { carriedMessage, writable } from './carried-message.ts';
import { EdgeLostError } from './errors.ts';
import { type AckBody, type OtherEdges, type PlacementTold } from './other-edges.ts';
import { BEAT_MS, MAX_MISSED } from './placements.ts';

/** What is worth trying again is tried for as long as a transaction lasts, RFC 3261 §17.1.2.2. */
const TRY_MS = 32_000;

/** A request of ours that another edge sends, until its final event is heard and acknowledged. */
interface Remote {
  readonly id: PlacementId;
  readonly edge: InstanceId;
  readonly events: OutgoingEvents;
  readonly hasOffer: boolean;
  readonly method: string;
  /** What was last heard of it. */
  sequence: number;
  isPlaced: boolean;
  /** When the offer came that is not acknowledged yet. */
  offeredAtMs?: number;
  /** Resolves when it is known whether the other edge has it. */
  placing: Promise<void>;
}

export interface RemoteEnginesDeps {
  readonly edges: OtherEdges;
  readonly owner: () => InstanceId;
  readonly clock: Clock;
}

/**
 * The engines of other edges, to send by: a leg whose peer is connected there is a leg like any other. An edge that
 * misses three heartbeats is lost, and what it was asked to send has failed.
 */
export class RemoteEngines {
  readonly #deps: RemoteEnginesDeps;
  readonly #open = new Map<PlacementId, Remote>();
  /** Those whose end was heard, as long as it may be told again. */
  readonly #heard = new Set<PlacementId>();
  /** Heartbeats not answered in a row. */
  readonly #missed = new Map<InstanceId, number>();
  #timer: Timer | undefined;

  constructor(deps: RemoteEnginesDeps) {
    this.#deps = deps;
  }

  /** Sends through the engine of `edge`. */
  through(edge: InstanceId): SendRequest {
    return (request, events) => this.#send(edge, request, events);
  }

  /** What the other edge tells of one of ours; false: nobody waits for it. */
  told({ placement, sequence, event }: PlacementTold): boolean {
    const remote = this.#open.get(placement);
    // Told again, since our answer was lost or late.
    if (remote === undefined) return this.#heard.has(placement);
    if (sequence <= remote.sequence) return true;
    remote.sequence = sequence;
    const { events } = remote;
    switch (event.kind) {
      case 'sent':
        events.sent?.(carriedMessage(event.headers, undefined));
        break;
      case 'failed':
        this.#fail(remote);
        break;
      case 'response': {
        const { status, reason, source, transport, headers, body } = event;
        if (isOffer(remote, status)) remote.offeredAtMs = this.#deps.clock.monotonicMs();
        else if (status >= 200) this.#finish(remote);
        // A provisional one has been acknowledged where it was heard.
        const acknowledge: IncomingResponse['acknowledge'] = (ackBody) =>
          void (status >= 200 && this.#acknowledge(remote, ackBody));
        events.responded({ status, reason, source, transport, ...carriedMessage(headers, body), acknowledge });
      }
    }
    return true;
  }

  #send(edge: InstanceId, request: OutgoingRequest, told: OutgoingEvents): SentRequest {
    const remote: Remote = {
      id: PlacementId.parse(ulid()),
      edge,
      events: {
        sent: bound((sent) => told.sent?.(sent)),
        responded: bound((response) => told.responded(response)),
        failed: bound((error) => told.failed(error)),
      },
      hasOffer: request.body !== undefined,
      method: request.method,
      sequence: 0,
      isPlaced: false,
      placing: Promise.resolve(),
    };
    this.#open.set(remote.id, remote);
    this.#timer ??= this.#deps.clock.every(BEAT_MS, () => this.#beat());
    remote.placing = this.#place(remote, request);
    return {
      cancel: (headers = {}) => {
        const ask = (): Promise<'heard' | 'unheard'> => this.#deps.edges.cancel(edge, remote.id, headers);
        void remote.placing.then(() => this.#persist(() => this.#open.has(remote.id), ask));
      },
    };
  }

  async #place(remote: Remote, { method, uri, nextHop, dialogId, headers = {}, body }: OutgoingRequest): Promise<void> {
    const { edges, owner } = this.#deps;
    const placed = { placement: remote.id, from: owner(), method, uri, nextHop, dialogId, body };
    const place = (): Promise<'placed' | 'refused' | 'unheard'> =>
      edges.place(remote.edge, { ...placed, headers: writable(headers) });
    let outcome = await place();
    // Without a hang-up the peer would stay in a call that is over.
    if (outcome === 'unheard' && method === 'BYE')
      await this.#persist(
        () => this.#open.has(remote.id),
        async () => {
          outcome = await place();
          return outcome === 'unheard' ? 'unheard' : 'heard';
        },
      );
    // Whoever tells of it has it, however late it says so.
    if (outcome === 'placed' || remote.sequence > 0) remote.isPlaced = true;
    else this.#fail(remote);
  }

  /** An offer of ours has been acknowledged by the edge that has the answer. */
  async #acknowledge(remote: Remote, body: AckBody | undefined): Promise<void> {
    if (!this.#open.has(remote.id)) return;
    this.#finish(remote);
    await this.#persist(
      () => true,
      () => this.#deps.edges.acknowledge(remote.edge, remote.id, body),
    );
  }

  /** Asks until it is heard, while it makes sense. */
  async #persist(makesSense: () => boolean, ask: () => Promise<'heard' | 'unheard'>): Promise<void> {
    const { clock } = this.#deps;
    const until = clock.monotonicMs() + TRY_MS;
    while (makesSense() && clock.monotonicMs() < until && (await ask()) === 'unheard') await sleep(clock, BEAT_MS);
  }

  #beat(): void {
    const byEdge = new Map<InstanceId, Remote[]>();
    const now = this.#deps.clock.monotonicMs();
    for (const remote of this.#open.values()) {
      if (!remote.isPlaced) continue;
      if (now - (remote.offeredAtMs ?? now) > TRY_MS) {
        this.#forget(remote);
        continue;
      }
      byEdge.set(remote.edge, [...(byEdge.get(remote.edge) ?? []), remote]);
    }
    for (const [edge, remotes] of byEdge) void this.#watch(edge, remotes);
  }

  async #watch(edge: InstanceId, remotes: readonly Remote[]): Promise<void> {
    const known = await this.#deps.edges.watch(
      edge,
      remotes.map(({ id }) => id),
    );
    const missed = known === 'unheard' ? (this.#missed.get(edge) ?? 0) + 1 : 0;
    if (missed === 0 || missed >= MAX_MISSED) this.#missed.delete(edge);
    else this.#missed.set(edge, missed);
    const isLost = (remote: Remote): boolean =>
      known === 'unheard' ? missed >= MAX_MISSED : !known.includes(remote.id);
    for (const remote of remotes) if (isLost(remote)) this.#fail(remote);
  }

  #fail(remote: Remote): void {
    if (!this.#open.has(remote.id)) return;
    this.#forget(remote);
    if (remote.offeredAtMs === undefined) remote.events.failed(new EdgeLostError(remote.edge));
  }

  #finish(remote: Remote): void {
    this.#forget(remote);
    this.#heard.add(remote.id);
    this.#deps.clock.after(TRY_MS, () => this.#heard.delete(remote.id));
  }

  #forget(remote: Remote): void {
    this.#open.delete(remote.id);
    if (this.#open.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#missed.clear();
  }
}

/** Whether it is for its owner to acknowledge the response. */
function isOffer({ method, hasOffer }: Remote, status: number): boolean {
  return method === 'INVITE' && !hasOffer && status >= 200 && status < 300;
}
