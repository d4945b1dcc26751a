import {
  accountExists,
  answerMedia,
  deleteMedia,
  locationBucket,
  offerMedia,
  type RelayedMedia,
  routeCall,
} from '@callweave/contracts';
import { type Clock } from '@callweave/clock';
import { type BusPortDeps, orUnavailable } from '../bus-ask.ts';
import { type Locator, type Media, type Router } from './call-ports.ts';
import { OwedMedia, type OwedRelease } from './owed-media.ts';
import { mediaBetween } from './place.ts';

/** A caller hears nothing while we ask; after this he is told 503. */
const DEADLINE_MS = 4_000;
const ATTEMPT_MS = 300;
/** A replica that is frozen answers nothing; the next question goes to another, as a rule. */
const READ_ATTEMPTS_MS = [300, 700, 2_000] as const;
const ASK = { deadlineMs: DEADLINE_MS, attemptMs: ATTEMPT_MS };

/** Asks call-routing. */
export function busRouter({ bus, log }: BusPortDeps): Router {
  return {
    route: (question) => orUnavailable(log, () => bus.ask(routeCall, { tenant: question.tenant }, question, ASK)),
  };
}

/** Reads the shared user location for devices (ADR 0013), and asks auth for accounts. */
export function busLocator({ bus, log }: BusPortDeps, clock: Clock): Locator {
  const locations = bus.bucket(locationBucket);
  return {
    lookup: (tenant, user) =>
      orUnavailable(log, async () => {
        const record = (await locations.get({ tenant, user }, { attemptsMs: READ_ATTEMPTS_MS }))?.value;
        const now = clock.epochMs();
        return { kind: 'bindings', bindings: (record?.bindings ?? []).filter(({ expiresAt }) => expiresAt > now) };
      }),
    exists: async (tenant, user) => {
      const answer = await orUnavailable(log, () => bus.ask(accountExists, {}, { tenant, user }, ASK));
      return 'exists' in answer ? answer.exists : true;
    },
  };
}

/** Asks media-control; what could not be released is asked for again until it is closed. */
export function busMedia({ bus, log }: BusPortDeps, clock: Clock): Media & { close(): void } {
  const release = async (which: OwedRelease): Promise<RelayedMedia | undefined> => {
    const answer = await orUnavailable(log, () => bus.ask(deleteMedia, {}, which, ASK));
    return 'found' in answer ? answer : undefined;
  };
  const owed = new OwedMedia({ release: async (which) => (await release(which)) !== undefined, clock, log });
  return {
    offer: async ({ places, ...question }) => {
      const asked = { ...question, ...mediaBetween(places) };
      const anchored = await orUnavailable(log, () => bus.ask(offerMedia, {}, asked, ASK));
      const { tenant, callId, branch, node } = question;
      // A first offer may have been anchored by somebody whom we have not heard; the call ends for want of an answer.
      if (anchored.kind === 'unavailable' && branch !== undefined && node === undefined) {
        owed.owe({ tenant, callId, node: undefined });
      }
      return anchored;
    },
    answer: (question) => orUnavailable(log, () => bus.ask(answerMedia, {}, question, ASK)),
    release: async (tenant, callId, node) => {
      const relayed = await release({ tenant, callId, node });
      if (relayed === undefined) owed.owe({ tenant, callId, node });
      return relayed;
    },
    close: () => owed.close(),
  };
}
