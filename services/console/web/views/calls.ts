import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { type Call } from '../../src/api.ts';
import { type Console } from '../console.ts';
import { count, shortId, span, timeOfDay } from '../format.ts';
import { badge, empty, pager, partyView } from './parts.ts';

const states: Readonly<Record<Call['state'], TemplateResult>> = {
  routing: badge('dim', 'Routing'),
  ringing: badge('busy', 'Ringing'),
  answered: badge('good', 'In call'),
  ended: badge('dim', 'Ended'),
};

const onHold = badge('busy', 'On hold');

/** The calls in progress. */
export function callsView(model: Console): TemplateResult {
  const { page } = model.calls;
  const { routing, ringing, answered } = model.counts;
  return html`<section class="card calls" aria-labelledby="calls-title">
    <header>
      <h2 id="calls-title">Calls</h2>
      <span class="total">${count(routing + ringing + answered)}</span>
    </header>
    ${
      page === undefined
        ? html`<p class="loading">Loading…</p>`
        : page.calls.length === 0
          ? empty('No calls right now', 'A call is shown here from its first INVITE until it ends.')
          : table(page.calls, model.now())
    }
    ${pager('Pages of calls', model.calls, (way) => model.turn('calls', way))}
  </section>`;
}

function table(calls: readonly Call[], now: number): TemplateResult {
  return html`<table role="table" aria-labelledby="calls-title">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">From</th>
        <th role="columnheader" scope="col">To</th>
        <th role="columnheader" scope="col">State</th>
        <th role="columnheader" scope="col">For</th>
        <th role="columnheader" scope="col">Edge</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${repeat(
        calls,
        ({ callId }) => callId,
        (call) => row(call, now),
      )}
    </tbody>
  </table>`;
}

function row(
  { callId, state, heldBy, from, to, target, startedAt, answeredAt, edge }: Call,
  now: number,
): TemplateResult {
  const since = answeredAt ?? startedAt;
  const isHeld = state === 'answered' && (heldBy ?? []).length > 0;
  return html`<tr role="row" data-call=${callId} data-state=${state}>
    <td role="cell" class="from" data-label="From">${partyView(from)}</td>
    <td role="cell" class="to" data-label="To" title=${target ?? ''}>${partyView(to)}</td>
    <td role="cell" class="state" data-label="State">${isHeld ? onHold : states[state]}</td>
    <td role="cell" class="for" data-label="For">
      <time datetime=${new Date(since).toISOString()} title="since ${timeOfDay(since)}">${span(now - since)}</time>
    </td>
    <td role="cell" class="edge" data-label="Edge"><code title=${edge}>${shortId(edge)}</code></td>
  </tr>`;
}
