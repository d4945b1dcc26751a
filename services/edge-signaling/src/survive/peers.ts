import { type Bus } from '@callweave/bus';
import {
  bringResponse,
  findLeg,
  type InstanceId,
  type LegId,
  type PassedRequest,
  passRequest,
  yieldCall,
} from '@callweave/contracts';
import { type Reply } from '@callweave/srf';

/** An edge that takes longer to say whether it holds a leg counts as gone. */
export const FIND_MS = 300;
/** As long as the request's own transaction may last, RFC 3261 §17.1.2.2. */
const PASS_MS = 32_000;

/** What became of a request that was passed to the owner of its leg. */
export type Passed =
  | { readonly kind: 'answered'; readonly reply: Reply }
  /** It wants no answer. */
  | { readonly kind: 'taken' }
  /** The owner is gone, frozen, or no longer has the leg: somebody has to take it over. */
  | { readonly kind: 'not-held' }
  /** The owner has it and did not answer in time. */
  | { readonly kind: 'silent' };

/** Who does not say that it has a response by then may have it all the same. */
const BRING_MS = 1_000;
/** Longest the owner of a call may take to note down how it leaves it. */
const YIELD_MS = 2_000;

/** What became of a call that its owner was asked for. */
export type Yielded =
  /** It is there for whoever takes it, with what both sides last said of their media. */
  | { readonly kind: 'yielded'; readonly caller?: string | undefined; readonly callee?: string | undefined }
  | { readonly kind: 'busy' }
  /** Its owner is gone, or no longer has it. */
  | { readonly kind: 'not-held' }
  /** Its owner did not answer, and may still do so. */
  | { readonly kind: 'silent' };

/** A response as it arrived, and from where. */
export interface StrayResponse {
  readonly source: string;
  readonly transport: string;
  readonly message: string;
}

/** Whether an engine waits for a response, as its edge says; `nobody` speaks for one that is gone. */
export type Brought = 'wanted' | 'unwanted' | 'silent' | 'nobody';

/** The other edges, as far as one asks them. */
export interface Peers {
  /** Whether the owner holds the leg now. */
  holds(owner: InstanceId, legId: LegId): Promise<boolean>;
  pass(owner: InstanceId, request: PassedRequest): Promise<Passed>;
  /** Asks for the answered call of a leg, to take it over. */
  yield(owner: InstanceId, legId: LegId): Promise<Yielded>;
  /** Brings a response to the edge whose engine sent its request. */
  bring(sender: InstanceId, response: StrayResponse): Promise<Brought>;
}

/** The other edges over the bus; throws `BusUnavailableError` without a connection. */
export function busPeers(bus: Bus): Peers {
  return {
    holds: async (owner, legId) => {
      const found = await bus.askOnce(findLeg, { instance: owner }, { legId }, FIND_MS);
      return found.kind === 'answered' && found.answer.held;
    },
    pass: async (owner, request) => {
      const passed = await bus.askOnce(passRequest, { instance: owner }, request, PASS_MS);
      if (passed.kind === 'nobody') return { kind: 'not-held' };
      if (passed.kind !== 'answered') return { kind: 'silent' };
      const { answer } = passed;
      if (answer.kind !== 'answered') return answer;
      const { kind, ...reply } = answer;
      return { kind, reply };
    },
    yield: async (owner, legId) => {
      const asked = await bus.askOnce(yieldCall, { instance: owner }, { legId }, YIELD_MS);
      if (asked.kind === 'answered') return asked.answer;
      return { kind: asked.kind === 'nobody' ? 'not-held' : 'silent' };
    },
    bring: async (sender, response) => {
      const asked = await bus.askOnce(bringResponse, { instance: sender }, response, BRING_MS);
      if (asked.kind === 'answered') return asked.answer.wanted ? 'wanted' : 'unwanted';
      return asked.kind === 'nobody' ? 'nobody' : 'silent';
    },
  };
}
