import { type Clock, type Timer } from '@callweave/clock';
import { type InstanceId, mediaLifeOf, mediaNodeDown, type MediaNodeId, mediaNodeUp } from '@callweave/contracts';
import { type Publisher } from '@callweave/bus';
import { type Logger } from '@callweave/telemetry';
import { type NodeEvents } from './pooled-node.ts';

/** How the node at an address looks to the other replicas; `nobody`: there is none that can tell. */
export interface OtherObservers {
  see(address: string): Promise<'up' | 'down' | 'nobody'>;
}

export interface VerdictsDeps {
  readonly others: OtherObservers;
  readonly publisher: Pick<Publisher, 'tell'>;
  readonly observer: InstanceId;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Another replica may come to the same view a moment later; it is asked again after this long. */
const ASK_AGAIN_MS = 200;

/**
 * Tells everybody which media nodes are up and which are down. A silent node is down only when another replica thinks so
 * too: it may be us that it does not hear. A life that is followed by another needs no second witness.
 */
export class Verdicts implements NodeEvents {
  readonly #deps: VerdictsDeps;
  /** What was last told of the node at an address. */
  readonly #told = new Map<string, { readonly life: MediaNodeId; readonly isUp: boolean }>();
  /** Lives that seem down here, and nobody else has said so yet. */
  readonly #doubted = new Map<MediaNodeId, Timer | undefined>();
  #facts = 0;

  constructor(deps: VerdictsDeps) {
    this.#deps = deps;
  }

  up(life: MediaNodeId): void {
    this.#believe(life);
    this.#tell(life, true);
  }

  over(life: MediaNodeId): void {
    this.#believe(life);
    this.#tell(life, false);
  }

  down(life: MediaNodeId): void {
    if (this.#doubted.has(life)) return;
    this.#doubted.set(life, undefined);
    this.#judge(life);
  }

  stop(): void {
    for (const life of this.#doubted.keys()) this.#believe(life);
  }

  #believe(life: MediaNodeId): void {
    this.#doubted.get(life)?.cancel();
    this.#doubted.delete(life);
  }

  #judge(life: MediaNodeId): void {
    const { others, clock, log } = this.#deps;
    others
      .see(mediaLifeOf(life).address)
      .then((seen) => {
        if (!this.#doubted.has(life)) return;
        if (seen === 'up') {
          log.info('node.disputed', { life });
          this.#doubted.set(
            life,
            clock.after(ASK_AGAIN_MS, () => this.#judge(life)),
          );
          return;
        }
        this.#doubted.delete(life);
        this.#tell(life, false);
      })
      .catch((error: unknown) => {
        log.error('node.judging-failed', { life, err: error });
        this.#believe(life);
      });
  }

  #tell(life: MediaNodeId, isUp: boolean): void {
    const { publisher, observer } = this.#deps;
    const { address } = mediaLifeOf(life);
    const told = this.#told.get(address);
    if (told?.life === life && told.isUp === isUp) return;
    this.#told.set(address, { life, isUp });
    this.#facts += 1;
    publisher.tell({
      type: isUp ? mediaNodeUp : mediaNodeDown,
      tokens: { node: life },
      id: `${observer}-node-${String(this.#facts)}`,
      data: { node: life, observer },
      context: { tenant: '-', owner: observer },
    });
  }
}
