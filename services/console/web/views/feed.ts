import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { type CallHappening, type Happening, type RegistrationHappening } from '../../src/api.ts';
import { type Console } from '../console.ts';
import { nameOf, span, timeOfDay } from '../format.ts';
import { empty } from './parts.ts';

/** What happened lately, newest first. */
export function feedView({ feed }: Console): TemplateResult {
  return html`<section class="card feed" aria-labelledby="feed-title">
    <header><h2 id="feed-title">Events</h2></header>
    ${
      feed.length === 0
        ? empty('Nothing has happened yet', 'Phones that come and go and the steps of calls appear here.')
        : html`<ol tabindex="0" aria-labelledby="feed-title">
            ${repeat(feed, keyOf, (happening) => {
              const { tone, text } =
                happening.about === 'call' ? describeCall(happening) : describeRegistration(happening);
              return html`<li data-kind=${happening.kind} class=${tone}>
                <time datetime=${new Date(happening.at).toISOString()}>${timeOfDay(happening.at)}</time>
                <span>${text}</span>
              </li>`;
            })}
          </ol>`
    }
  </section>`;
}

interface Line {
  readonly tone: 'good' | 'busy' | 'dim' | 'bad';
  readonly text: TemplateResult;
}

function keyOf(happening: Happening): string {
  const thing = happening.about === 'call' ? happening.call.callId : `${happening.aor} ${happening.contact}`;
  return `${thing} ${happening.kind} ${String(happening.at)}`;
}

function describeCall({ kind, call, by, cause, durationMs }: CallHappening): Line {
  const from = html`<strong>${nameOf(call.from)}</strong>`;
  const to = html`<strong>${nameOf(call.to)}</strong>`;
  const why = cause === undefined ? '' : `${cause.reason.replaceAll('-', ' ')} by ${cause.by}`;
  switch (kind) {
    case 'initiated':
      return { tone: 'dim', text: html`${from} calls ${to}` };
    case 'routed':
      return { tone: 'dim', text: html`the call of ${from} is routed` };
    case 'ringing':
      return { tone: 'busy', text: html`${to} rings for ${from}` };
    case 'answered':
      return { tone: 'good', text: html`${to} answers ${from}` };
    case 'held':
    case 'resumed': {
      const [holder, held] = by === 'callee' ? [to, from] : [from, to];
      const text = kind === 'held' ? html`${holder} puts ${held} on hold` : html`${holder} comes back to ${held}`;
      return { tone: kind === 'held' ? 'busy' : 'good', text };
    }
    case 'transferred': {
      const [newcomer, other] = by === 'callee' ? [to, from] : [from, to];
      return { tone: 'good', text: html`${other} talks to ${newcomer} now` };
    }
    case 'ended':
      return { tone: 'dim', text: html`${from} and ${to} end after ${span(durationMs ?? 0)}: ${why}` };
    case 'failed': {
      const status = cause?.sipStatus === undefined ? '' : ` (${String(cause.sipStatus)})`;
      return { tone: 'bad', text: html`${from} does not reach ${to}: ${why}${status}` };
    }
  }
}

function describeRegistration({ kind, user, userAgent, reason }: RegistrationHappening): Line {
  const who = html`<strong>${user}</strong>`;
  switch (kind) {
    case 'added':
      return { tone: 'good', text: html`${who} registers${userAgent === undefined ? '' : ` with ${userAgent}`}` };
    case 'refreshed':
      return { tone: 'dim', text: html`${who} stays` };
    case 'removed':
      return { tone: reason === 'expired' ? 'bad' : 'dim', text: html`${who} leaves: ${reason ?? 'unknown'}` };
  }
}
