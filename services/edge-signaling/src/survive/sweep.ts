import { BusError, rendezvousOrder } from '@callweave/bus';
import { type Clock, sleep, type Timer } from '@callweave/clock';
import { type CallId, type CallRecord, type InstanceId, LEASE_SEC, type Tenant } from '@callweave/contracts';
import { ignore, type Logger } from '@callweave/telemetry';
import { type CallRecords, type StoredCall } from '../call/call-records.ts';
import { type EstablishedCalls } from '../call/established-calls.ts';
import { type LeftCalls, type LeftMove } from '../call/left-calls.ts';
import { ENDED_KEPT_MS } from '../call/leftovers.ts';
import { type Adopter } from './adopter.ts';
import { type Peers } from './peers.ts';

const LOOK_MS = 2_000;
const LEASE_MS = LEASE_SEC * 1_000;
/** The next edge at the same place comes before all others. */
export const SUCCESSOR_MS = 5_000;
/** Without a reason all records are looked through this often: for what nobody got done. */
const FULL_MS = 300_000;
/** Between two calls that are taken over: 50 a second. */
const PACE_MS = 20;
/** Clocks may differ by a second, and who ended a call comes first. */
const GRACE_MS = 20_000;
/** By then whoever ended a call has told so and removed what is left of it. */
const LEFT_MS = ENDED_KEPT_MS + GRACE_MS;

export interface SweepDeps {
  readonly records: Pick<CallRecords, 'list' | 'find' | 'remove'>;
  readonly calls: Pick<EstablishedCalls, 'all' | 'byId'>;
  readonly isSetUpHere: (callId: CallId) => boolean;
  readonly adopter: Pick<Adopter, 'adopt' | 'close' | 'conclude' | 'goOn' | 'outlive' | 'resume'>;
  /** What edges at this place could not store: dead ones, and this one before its engine died. */
  readonly left?: Pick<LeftCalls, 'begun' | 'talking' | 'isEnding' | 'moves'>;
  /** Releases a media session, wherever it is. */
  readonly releaseMedia: (tenant: Tenant, mediaId: CallId) => void;
  readonly peers: Pick<Peers, 'holds'>;
  /** SIP engines that live edges speak for. */
  readonly holders: () => readonly string[];
  readonly owner: () => InstanceId;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Takes over the calls of edges that are gone before anybody asks for them, and removes what is left of ended ones. Of
 * the live edges each call has a first, a second and so on; each waits one more lease for those before it.
 */
export class Sweep {
  readonly #deps: SweepDeps;
  readonly #timer: Timer;
  readonly #stopping = new AbortController();
  readonly #sinceEpochMs: number;
  /** Since when this edge can see who is alive. */
  #watchingSinceMs: number;
  #alive: ReadonlySet<string> = new Set();
  #nextFullMs: number;
  /** When each orphan was first seen. */
  #orphans = new Map<CallId, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(deps: SweepDeps) {
    this.#deps = deps;
    this.#sinceEpochMs = deps.clock.epochMs();
    this.#watchingSinceMs = deps.clock.monotonicMs();
    this.#nextFullMs = this.#watchingSinceMs + LEASE_MS;
    this.#timer = deps.clock.every(LOOK_MS, () => this.#look());
  }

  /** Nobody could be seen for a while: nobody is called dead before a whole lease has passed. */
  reprieve(): void {
    this.#watchingSinceMs = this.#deps.clock.monotonicMs();
    this.#nextFullMs = this.#watchingSinceMs + LEASE_MS;
  }

  /** Takes over at once what `owners` had: this edge is their successor. */
  takeOver(owners: readonly InstanceId[]): void {
    this.#run(async () => {
      try {
        await this.#succeed(owners);
      } catch (error) {
        // Of our own calls nobody else would think.
        this.#deps.clock.after(LOOK_MS, () => this.takeOver(owners));
        throw error;
      }
    });
  }

  async #succeed(owners: readonly InstanceId[]): Promise<void> {
    const { records, adopter, left, releaseMedia, clock } = this.#deps;
    const stored = await records.list();
    const moves = this.#abandonedMoves(stored);
    const known = new Set<CallId>();
    for (const one of stored) {
      known.add(one.call.callId);
      if (!owners.includes(one.call.owner)) continue;
      const { callId, state } = one.call;
      if (state !== 'ended') await this.#adopt(one);
      else if (!this.#isInHand(callId) && left?.isEnding(callId) === true) adopter.conclude(one);
    }
    const isUnknown = ({ callId }: CallRecord): boolean => !known.has(callId) && !this.#isInHand(callId);
    for (const call of left?.talking() ?? []) if (isUnknown(call)) await adopter.resume(call);
    for (const call of left?.begun() ?? []) {
      // One that was answered longer ago than that was stored, and has ended since in the hands of another edge.
      const answeredForMs = call.answeredAt === undefined ? 0 : clock.epochMs() - call.answeredAt;
      if (isUnknown(call) && answeredForMs < LEASE_MS) await adopter.close({ call, revision: 0 });
    }
    for (const { tenant, mediaId } of moves) {
      releaseMedia(tenant, mediaId);
      await sleep(clock, PACE_MS, this.#stopping.signal);
    }
  }

  /** Edges before us died while they moved calls: a media session that no call has come to is of use to nobody. */
  #abandonedMoves(stored: readonly StoredCall[]): LeftMove[] {
    const inUse = new Set(stored.flatMap(({ call }) => (call.state === 'ended' ? [] : [call.mediaId])));
    const moves = this.#deps.left?.moves() ?? [];
    return moves.filter(({ mediaId, atMs }) => atMs < this.#sinceEpochMs && !inUse.has(mediaId));
  }

  stop(): void {
    this.#timer.cancel();
    this.#stopping.abort();
  }

  #look(): void {
    const now = this.#deps.clock.monotonicMs();
    const alive = new Set(this.#deps.holders());
    const lost = [...this.#alive].filter((holder) => !alive.has(holder));
    const hasLost = lost.length > 0;
    this.#alive = alive;
    // An edge whose own lease is not seen cannot judge that of others.
    if (alive.has(this.#deps.owner())) for (const holder of lost) this.#run(() => this.#outlive(holder as InstanceId));
    if (now - this.#watchingSinceMs < LEASE_MS || !(hasLost || now >= this.#nextFullMs)) return;
    this.#nextFullMs = now + FULL_MS;
    this.#run(() => this.#sweep());
  }

  async #outlive(edge: InstanceId): Promise<void> {
    const { calls, adopter, clock } = this.#deps;
    for (const call of calls.all) if (adopter.outlive(call, edge)) await sleep(clock, PACE_MS, this.#stopping.signal);
  }

  /** One after the other; what fails is done by a later sweep, or by another edge. */
  #run(step: () => Promise<void>): void {
    this.#running = this.#running.then(step).catch((error: unknown) => {
      if (!(error instanceof BusError) && !this.#stopping.signal.aborted) {
        this.#deps.log.error('sweep.failed', { err: error });
      } else ignore(this.#deps.log, error, 'the records are looked through later');
      this.#nextFullMs = this.#deps.clock.monotonicMs() + LEASE_MS;
    });
  }

  async #sweep(): Promise<void> {
    const { records, owner, clock, log } = this.#deps;
    const before = this.#orphans;
    this.#orphans = new Map();
    let untoldMs = 0;
    for (const stored of await records.list()) {
      const { call } = stored;
      if (isLeftOver(stored, clock.epochMs())) {
        this.#deps.adopter.conclude(stored);
        await records.remove(call.callId, call.legs);
      }
      const isOurs = call.owner === owner();
      const isHeld = isOurs ? this.#isInHand(call.callId) : this.#alive.has(call.owner);
      if (isHeld) continue;
      if (call.state === 'ended') {
        // Whoever marked it may have died before it told so; what this process marks it tells.
        const isForeign = !isOurs || stored.storedAtMs < this.#sinceEpochMs;
        if (isForeign) untoldMs = Math.max(untoldMs, stored.storedAtMs + LEFT_MS - clock.epochMs());
        continue;
      }
      const now = clock.monotonicMs();
      const since = before.get(call.callId) ?? now;
      // What is ours and not in hand we did not hear that we got. One that is handed over is somebody else's soon.
      const rank = isOurs ? 1 : rendezvousOrder(call.callId, [...this.#alive]).indexOf(owner());
      // An edge whose own lease is not seen cannot judge that of others.
      if (rank !== -1 && now - since >= SUCCESSOR_MS + rank * LEASE_MS) await this.#adopt(stored);
      else this.#orphans.set(call.callId, since);
    }
    if (untoldMs > 0) this.#nextFullMs = Math.min(this.#nextFullMs, clock.monotonicMs() + untoldMs);
    if (this.#orphans.size === 0) return;
    log.info('calls.orphaned', { calls: this.#orphans.size });
    this.#nextFullMs = Math.min(this.#nextFullMs, clock.monotonicMs() + SUCCESSOR_MS);
  }

  #isInHand(callId: CallId): boolean {
    const { calls, isSetUpHere } = this.#deps;
    return calls.byId(callId) !== undefined || isSetUpHere(callId);
  }

  async #adopt(stored: StoredCall): Promise<void> {
    const { records, adopter, peers, owner, clock } = this.#deps;
    const { callId, state, legs } = stored.call;
    const [legId] = legs;
    if (legId === undefined || this.#isInHand(callId)) return;
    if (state === 'routing' || state === 'ringing') {
      await adopter.close(stored);
      return;
    }
    const found = await records.find(legId);
    if (found === undefined || found.call.state === 'ended') return;
    const { owner: last } = found.call;
    // Whoever answers is alive, whatever became of its lease.
    if (last !== owner() && (await peers.holds(last, legId))) return;
    const call = await adopter.adopt(found);
    if (call !== undefined) adopter.goOn(call);
    await sleep(clock, PACE_MS, this.#stopping.signal);
  }
}

function isLeftOver({ call, storedAtMs }: StoredCall, epochMs: number): boolean {
  return call.state === 'ended' && epochMs - storedAtMs >= LEFT_MS;
}
