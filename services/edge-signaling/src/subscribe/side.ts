import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { InstanceId } from '@callweave/contracts';
import { type IncomingRequest, type IncomingResponse } from '@callweave/srf';
import { z } from 'zod';
import {
  dialogIdentity,
  nextHopOf,
  partyOf,
  recordRouteOf,
  remoteTargetOf,
  type TargetRefresh,
} from '../leg/dialog.ts';

/** One side of a subscription, as the next request to it needs it: its dialog and the way to it. RFC 3261 §12 */
export interface Side {
  readonly callId: string;
  /** Our tag, the same on both sides. */
  readonly localTag: string;
  readonly remoteTag: string;
  /** From and To of our requests, without their tags. */
  readonly localUri: string;
  readonly remoteUri: string;
  readonly remoteTarget: string;
  /** Where requests go when not where the target says; undefined when they do. */
  readonly nextHop: string | undefined;
  /** The edge whose connection is the only way to it; undefined when every edge can reach it. */
  readonly edge: InstanceId | undefined;
  readonly routeSet: readonly string[];
  /** Those of the other side, which no later request of its own has to repeat; undefined until it has been heard. */
  readonly otherRouteSet: readonly string[] | undefined;
}

/** The side that a request came from, as the one to the other side says it. `known` is what was known of it before. */
export function sideOf(
  request: IncomingRequest,
  localTag: string,
  { known, owner }: { readonly known?: Pick<Side, 'routeSet' | 'otherRouteSet'>; readonly owner: InstanceId },
): Side {
  const routeSet = known?.otherRouteSet ?? recordRouteOf(request);
  return {
    ...dialogIdentity(request, 'from'),
    localTag,
    localUri: partyOf(request, 'to'),
    remoteUri: partyOf(request, 'from'),
    ...wayTo(request, routeSet),
    edge: request.transport === 'udp' ? undefined : owner,
    otherRouteSet: known?.routeSet,
  };
}

/** The side that has accepted a subscription by this response, which came by `edge`. RFC 6665 §4.4.1 */
export function acceptedBy(
  response: IncomingResponse,
  { localTag, routeSet: otherRouteSet }: Side,
  edge: InstanceId | undefined,
): Side {
  return {
    ...dialogIdentity(response, 'to'),
    localTag,
    localUri: partyOf(response, 'from'),
    remoteUri: partyOf(response, 'to'),
    ...wayTo(response, recordRouteOf(response).reverse()),
    edge,
    otherRouteSet,
  };
}

/** A side that says by this response where it is now. RFC 3261 §12.2.1.2 */
export function movedBy(response: IncomingResponse, side: Side): Side {
  return remoteTargetOf(response) === '' ? side : { ...side, ...wayTo(response, side.routeSet) };
}

function wayTo(
  message: TargetRefresh,
  routeSet: readonly string[],
): Pick<Side, 'remoteTarget' | 'nextHop' | 'routeSet'> {
  return {
    remoteTarget: remoteTargetOf(message),
    nextHop: routeSet.length > 0 ? undefined : nextHopOf(message, message),
    routeSet,
  };
}

const Fields = z.tuple([
  ...([z.string(), z.string(), z.string(), z.string(), z.string(), z.string()] as const),
  z.string().nullable(),
  InstanceId.nullable(),
  z.array(z.string()),
  z.array(z.string()).nullable(),
]);

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** So that a Contact of ours is told from any other without opening it. */
const PREFIX = 'sub-';

/**
 * Writes a side of a subscription into the user part of a URI, which whoever is on the other side keeps for us: no edge
 * has to remember it, and any edge can go on with it. Nobody else can read or make one.
 */
export class SideSealer {
  readonly #key: Buffer;

  /** `key` is the one that all edges share. */
  constructor(key: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', key, '', 'subscription side', 32));
  }

  seal(side: Side): string {
    const { callId, localTag, remoteTag, localUri, remoteUri, remoteTarget, nextHop, edge, routeSet, otherRouteSet } =
      side;
    const optional = [nextHop ?? null, edge ?? null, routeSet, otherRouteSet ?? null];
    const fields = [callId, localTag, remoteTag, localUri, remoteUri, remoteTarget, ...optional];
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv);
    const sealed = [iv, cipher.update(JSON.stringify(fields), 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${PREFIX}${Buffer.concat(sealed).toString('base64url')}`;
  }

  /** Undefined when no edge has sealed it. */
  open(user: string): Side | undefined {
    if (!user.startsWith(PREFIX)) return undefined;
    const bytes = Buffer.from(user.slice(PREFIX.length), 'base64url');
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
      const fields = Fields.parse(JSON.parse(text.toString('utf8')));
      const [callId, localTag, remoteTag, localUri, remoteUri, remoteTarget, nextHop, edge, routeSet, otherRouteSet] =
        fields;
      return {
        ...{ callId, localTag, remoteTag, localUri, remoteUri, remoteTarget, routeSet },
        nextHop: nextHop ?? undefined,
        edge: edge ?? undefined,
        otherRouteSet: otherRouteSet ?? undefined,
      };
    } catch {
      return undefined;
    }
  }
}
