import { type Clock, type Timer } from '@callweave/clock';
import { type InstanceId, type PlacedRequest, type PlacementId } from '@callweave/contracts';
import { type HeaderValues } from '@callweave/srf';
import { type DialogIdentity } from '../leg/dialog.ts';
import { type SendRequest } from '../leg/leg.ts';
import { type AckBody, type OtherEdges } from './other-edges.ts';
import { isInDialog, Placement } from './placement.ts';

/** How often owners say what they still want; three times nothing is heard of a dead one. */
export const BEAT_MS = 1_000;
export const MAX_MISSED = 3;
/** By then the records of an answered call are stored. */
const KNOWN_MS = 32_000;

export interface PlacementsDeps {
  readonly send: SendRequest;
  readonly edges: Pick<OtherEdges, 'tell'>;
  /** Why no call can be taken on now; undefined when one can. */
  readonly notReady: () => string | undefined;
  readonly clock: Clock;
}

/** Whose a dialog is that our engine has for another edge. */
interface Lent {
  readonly owner: InstanceId;
  readonly identity: DialogIdentity;
  /** Resolves when the owner knows of it, or has given it up. */
  readonly told: Promise<void>;
}

/** The requests that this edge sends for others, to the devices that are connected to it. */
export class Placements {
  readonly #deps: PlacementsDeps;
  readonly #open = new Map<PlacementId, Placement>();
  readonly #lent = new Map<string, Lent>();
  #timer: Timer | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(deps: PlacementsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Sends it, or says that it cannot. */
  place(request: PlacedRequest): boolean {
    if (this.#open.has(request.placement)) return true;
    // Calls that there are go on until the last moment.
    if (!isInDialog(request) && this.#deps.notReady() !== undefined) return false;
    const placement: Placement = new Placement(request, {
      ...this.#deps,
      established: (localTag, identity) => {
        this.#lend(localTag, { owner: request.from, identity, told: placement.finished });
      },
      disposed: () => this.#forget(request.placement),
    });
    this.#open.set(request.placement, placement);
    this.#timer ??= this.#deps.clock.every(BEAT_MS, () => this.#look());
    return true;
  }

  cancel(id: PlacementId, headers: HeaderValues): boolean {
    this.#open.get(id)?.cancel(headers);
    return this.#open.has(id);
  }

  acknowledge(id: PlacementId, body: AckBody | undefined): boolean {
    const placement = this.#open.get(id);
    placement?.acknowledge(body);
    return placement !== undefined;
  }

  /** Their owner still wants these; which of them are open? */
  watched(ids: readonly PlacementId[]): PlacementId[] {
    return ids.filter((id) => this.#open.get(id)?.watched() ?? false);
  }

  /**
   * The edge that has the dialog with our tag `localTag`, from its answer until its records are surely stored; not
   * before that edge knows.
   */
  async ownerOf(localTag: string, { callId, remoteTag }: DialogIdentity): Promise<InstanceId | undefined> {
    const lent = this.#lent.get(localTag);
    if (lent?.identity.callId !== callId || lent.identity.remoteTag !== remoteTag) return undefined;
    await lent.told;
    return lent.owner;
  }

  /** The engine is gone, and all it had to send. */
  lost(): void {
    for (const placement of this.#open.values()) placement.lost();
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #look(): void {
    const since = this.#deps.clock.monotonicMs() - (MAX_MISSED + 0.5) * BEAT_MS;
    for (const placement of this.#open.values()) if (placement.heardAtMs < since) placement.unwanted();
  }

  #lend(localTag: string, lent: Lent): void {
    this.#lent.set(localTag, lent);
    this.#deps.clock.after(KNOWN_MS, () => this.#lent.delete(localTag));
  }

  #forget(id: PlacementId): void {
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
