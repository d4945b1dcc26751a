import { compareLives, mediaLifeOf, type MediaNodeId } from '@callweave/contracts';

/** Which media nodes are gone, by what media-control has told. */
export class NodeLives {
  /** The youngest life of each address, and whether it answers. */
  readonly #known = new Map<string, { readonly startSec: number; readonly isUp: boolean }>();

  /** Takes note of a fact; one about an earlier life than the one that is known says nothing new. */
  note(node: MediaNodeId, isUp: boolean): void {
    const { address, startSec } = mediaLifeOf(node);
    const known = this.#known.get(address);
    if (known !== undefined && compareLives(startSec, known.startSec) === 'older') return;
    this.#known.set(address, { startSec, isUp });
  }

  /** Whether the media that a node held is lost: it is down, or was started anew since. Who is not known is not gone. */
  isGone(node: MediaNodeId | undefined): boolean {
    if (node === undefined) return false;
    const { address, startSec } = mediaLifeOf(node);
    const known = this.#known.get(address);
    if (known === undefined) return false;
    const age = compareLives(startSec, known.startSec);
    return age === 'older' || (age === 'same' && !known.isUp);
  }

  /** What was told is told anew. */
  forget(): void {
    this.#known.clear();
  }
}
