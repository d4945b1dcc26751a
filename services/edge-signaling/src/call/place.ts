import { type MediaFamily, type MediaNetwork } from '@callweave/contracts';

/** Where a peer is, which decides the address of ours that his media gets. */
export interface Place {
  /** Undefined where the platform has one side. */
  readonly side: MediaNetwork | undefined;
  /** Of his address; undefined while only his name is known. */
  readonly family: MediaFamily | undefined;
}

/** Where both sides of an offer are. */
export interface Places {
  readonly from: Place;
  readonly to: Place;
}

/** Where both sides of an offer are, if that is known of both. */
export function between(from: Place | undefined, to: Place | undefined): Places | undefined {
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** Whether they are on different sides, or have addresses of different families: neither reaches the other. */
export function areApart(places: Places | undefined): boolean {
  return places !== undefined && (places.from.side !== places.to.side || otherFamily(places) !== undefined);
}

/** What media-control is asked for their sake. */
export function mediaBetween(places: Places | undefined): {
  readonly networks?: { readonly from: MediaNetwork; readonly to: MediaNetwork };
  readonly family?: MediaFamily;
} {
  if (places === undefined) return {};
  const { from, to } = places;
  const family = otherFamily(places);
  return {
    ...(from.side !== undefined && to.side !== undefined && { networks: { from: from.side, to: to.side } }),
    ...(family !== undefined && { family }),
  };
}

/** The family of who gets the offer, where it is not that of who made it. */
function otherFamily({ from, to }: Places): MediaFamily | undefined {
  return from.family === undefined || from.family === to.family ? undefined : to.family;
}
