import { type FactHandler, onFact, type Placed } from '@callweave/bus';
import {
  callAnswered,
  callEnded,
  callFailed,
  callHeld,
  callInitiated,
  callResumed,
  callRinging,
  callRouted,
  callTransferred,
} from '@callweave/contracts';
import { type z } from 'zod';
import { type Call, type CallHappening } from '../api.ts';
import { type CallBoard } from './call-board.ts';
import { type EventLog } from './event-log.ts';
import { partyOf, shorten } from './party.ts';

type CallFact = Placed<z.ZodType<{ tenant: string; callId: string; owner: string }>>;

/** What the facts about calls do to the board, and how they are shown. */
export function callFacts({ board, log }: { board: CallBoard; log: EventLog }): FactHandler[] {
  const tell = (
    kind: CallHappening['kind'],
    fact: CallFact,
    call: Call | undefined,
    more: Pick<CallHappening, 'by' | 'cause' | 'durationMs'> = {},
  ): void => {
    const happening: CallHappening = { about: 'call', kind, at: at(fact), call: call ?? unknown(fact), ...more };
    log.add('calls', fact.position, fact.data.tenant, happening);
  };
  const change = (kind: CallHappening['kind'], fact: CallFact, news: Partial<Call>): void =>
    tell(kind, fact, board.change(fact.data.callId, { edge: fact.data.owner, ...news }));

  return [
    onFact(callInitiated, (fact) => {
      const { tenant, callId, owner, from, to } = fact.data;
      const parties = { from: partyOf(from), to: partyOf(to) };
      const call: Call = { callId, tenant, state: 'routing', ...parties, startedAt: at(fact), edge: owner };
      tell('initiated', fact, board.begin(call));
    }),
    onFact(callRouted, (fact) => change('routed', fact, {})),
    onFact(callRinging, (fact) => change('ringing', fact, { state: 'ringing', target: shorten(fact.data.target) })),
    onFact(callAnswered, (fact) =>
      change('answered', fact, { state: 'answered', target: shorten(fact.data.target), answeredAt: at(fact) }),
    ),
    onFact(callHeld, (fact) => {
      const { callId, by } = fact.data;
      tell('held', fact, board.hold(callId, by, true), { by });
    }),
    onFact(callResumed, (fact) => {
      const { callId, by } = fact.data;
      tell('resumed', fact, board.hold(callId, by, false), { by });
    }),
    onFact(callTransferred, (fact) => {
      const { callId, owner, by, party } = fact.data;
      const there = partyOf(party);
      const news = by === 'caller' ? { from: there } : { to: there, target: shorten(party) };
      tell('transferred', fact, board.change(callId, { edge: owner, ...news }), { by });
    }),
    onFact(callEnded, (fact) => {
      const { cause, durationMs } = fact.data;
      tell('ended', fact, board.end(fact.data.callId), { cause, durationMs });
    }),
    onFact(callFailed, (fact) => tell('failed', fact, board.end(fact.data.callId), { cause: fact.data.cause })),
  ];
}

/** A call that began before anything we know of. */
function unknown(fact: CallFact): Call {
  const { callId, tenant, owner } = fact.data;
  return { callId, tenant, state: 'ended', startedAt: at(fact), edge: owner };
}

function at({ time }: { readonly time: string }): number {
  return Date.parse(time);
}
