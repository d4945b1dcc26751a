import { type Answer, answer, type Bus, BusError } from '@callweave/bus';
import {
  acknowledgePlacement,
  cancelPlacement,
  ContractError,
  type InstanceId,
  type PlacedRequest,
  type PlacementEvent,
  type PlacementId,
  placeRequest,
  tellPlacement,
  watchPlacements,
} from '@callweave/contracts';
import { type HeaderValues } from '@callweave/srf';
import { ignore, type Logger } from '@callweave/telemetry';
import { writable } from './carried-message.ts';
import { type Placements } from './placements.ts';
import { type RemoteEngines } from './remote-engines.ts';

/** An edge that does not take a request within this time is passed over. */
const PLACE_MS = 2_000;
const ASK_MS = 1_000;

/** The body of an ACK. */
export interface AckBody {
  readonly type: string;
  readonly content: string;
}

/** The other edges, as far as one sends through them. Nothing throws; `unheard`: nobody there, or it does not answer. */
export interface OtherEdges {
  place(edge: InstanceId, request: PlacedRequest): Promise<'placed' | 'refused' | 'unheard'>;
  cancel(edge: InstanceId, placement: PlacementId, headers: HeaderValues): Promise<'heard' | 'unheard'>;
  acknowledge(edge: InstanceId, placement: PlacementId, body: AckBody | undefined): Promise<'heard' | 'unheard'>;
  tell(edge: InstanceId, told: PlacementTold): Promise<'wanted' | 'unwanted' | 'unheard'>;
  /** Those that are still open there. */
  watch(edge: InstanceId, placements: readonly PlacementId[]): Promise<readonly PlacementId[] | 'unheard'>;
}

/** One event of a placed request; they are numbered from 1. */
export interface PlacementTold {
  readonly placement: PlacementId;
  readonly sequence: number;
  readonly event: PlacementEvent;
}

/** The other edges over the bus. */
export function busOtherEdges({ bus, log }: { readonly bus: Bus; readonly log: Logger }): OtherEdges {
  return {
    place: async (instance, request) => {
      const answered = await heard(log, () => bus.askOnce(placeRequest, { instance }, request, PLACE_MS));
      if (answered === undefined) return 'unheard';
      return answered.placed ? 'placed' : 'refused';
    },
    cancel: async (instance, placement, headers) => {
      const asked = { placement, headers: writable(headers) };
      const answered = await heard(log, () => bus.askOnce(cancelPlacement, { instance }, asked, ASK_MS));
      return answered === undefined ? 'unheard' : 'heard';
    },
    acknowledge: async (instance, placement, body) => {
      const asked = { placement, ...(body === undefined ? {} : { body }) };
      const answered = await heard(log, () => bus.askOnce(acknowledgePlacement, { instance }, asked, ASK_MS));
      return answered === undefined ? 'unheard' : 'heard';
    },
    tell: async (instance, told) => {
      const answered = await heard(log, () => bus.askOnce(tellPlacement, { instance }, told, ASK_MS));
      if (answered === undefined) return 'unheard';
      return answered.wanted ? 'wanted' : 'unwanted';
    },
    watch: async (instance, placements) => {
      const asked = { placements: [...placements] };
      const answered = await heard(log, () => bus.askOnce(watchPlacements, { instance }, asked, ASK_MS));
      return answered?.known ?? 'unheard';
    },
  };
}

/** What this edge answers the others about requests that one sends for another. */
export function placementAnswers(placements: Placements, engines: RemoteEngines): Answer[] {
  return [
    answer(placeRequest, (request) => Promise.resolve({ placed: placements.place(request) })),
    answer(cancelPlacement, ({ placement, headers }) =>
      Promise.resolve({ known: placements.cancel(placement, headers) }),
    ),
    answer(acknowledgePlacement, ({ placement, body }) =>
      Promise.resolve({ known: placements.acknowledge(placement, body) }),
    ),
    answer(tellPlacement, (told) => Promise.resolve({ wanted: engines.told(told) })),
    answer(watchPlacements, (asked) => Promise.resolve({ known: placements.watched(asked.placements) })),
  ];
}

type Asked<T> = { readonly kind: 'answered'; readonly answer: T } | { readonly kind: 'nobody' | 'silent' | 'refused' };

async function heard<T>(log: Logger, ask: () => Promise<Asked<T>>): Promise<T | undefined> {
  try {
    const asked = await ask();
    return asked.kind === 'answered' ? asked.answer : undefined;
  } catch (error) {
    if (!(error instanceof BusError) && !(error instanceof ContractError)) throw error;
    ignore(log, error, 'the other edge counts as gone');
    return undefined;
  }
}
