import { html, nothing, type TemplateResult } from 'lit-html';
import { type Console } from '../console.ts';
import { count, timeOfDay } from '../format.ts';
import { callsView } from './calls.ts';
import { feedView } from './feed.ts';
import { badge } from './parts.ts';
import { alive, processesView } from './processes.ts';
import { registrationsView } from './registrations.ts';
import { signInView } from './sign-in.ts';

/** The whole page. */
export function view(model: Console): TemplateResult {
  if (model.link === 'signed-out') return signInView(model);
  return html`${header(model)} ${banner(model)}
    <main>
      ${tiles(model)}
      <div class="columns">
        <div>${callsView(model)} ${registrationsView(model)}</div>
        <div>${feedView(model)} ${processesView(model)}</div>
      </div>
    </main>
    <footer>Callweave ${model.version}</footer>`;
}

function header(model: Console): TemplateResult {
  return html`<header class="top">
    <h1><img src="./favicon.svg" alt="" width="28" height="28" /> Callweave</h1>
    ${model.tenants.length < 2 ? nothing : tenantChoice(model)} ${linkState(model)}
  </header>`;
}

function tenantChoice(model: Console): TemplateResult {
  const choose = ({ currentTarget }: Event): void => {
    if (currentTarget instanceof HTMLSelectElement) void model.choose(currentTarget.value);
  };
  return html`<label class="tenant">
    Tenant
    <select @change=${choose}>
      ${model.tenants.map(
        (tenant) => html`<option value=${tenant} ?selected=${tenant === model.tenant}>${tenant}</option>`,
      )}
    </select>
  </label>`;
}

function linkState({ link, bus }: Console): TemplateResult {
  if (link === 'connecting') return badge('dim', 'Connecting');
  if (link === 'lost') return badge('bad', 'Reconnecting');
  return bus === 'away' ? badge('bad', 'Bus away') : badge('good', 'Live');
}

/** Says when what is shown may be wrong. */
function banner({ link, bus, problem, heardAt }: Console): TemplateResult {
  const text =
    link === 'lost'
      ? html`<strong>No connection to the console.</strong> Shown is what was known at ${timeOfDay(heardAt)}; trying
          again${problem === '' ? '' : ` (${problem})`}.`
      : bus === 'away'
        ? html`<strong>The bus is away.</strong> Calls in progress go on, new ones are refused. Shown is what was known
            last.`
        : nothing;
  return html`<div class="banner" role="alert" ?hidden=${text === nothing}>${text}</div>`;
}

function tiles({ counts, registrations, instances }: Console): TemplateResult {
  const known = instances?.some(({ state }) => state !== 'unknown') === true;
  const live = known ? alive(instances).length : undefined;
  const gone = (instances ?? []).filter(({ state }) => state === 'gone' || state === 'silent').length;
  return html`<dl class="tiles" aria-label="At a glance">
    ${tile('In call', counts.answered, 'good')} ${tile('Ringing', counts.ringing, 'busy')}
    ${tile('Routing', counts.routing, 'dim')} ${tile('Registered', registrations.page?.total, 'plain')}
    ${tile('Processes', live, gone > 0 ? 'bad' : 'plain', gone)}
  </dl>`;
}

function tile(label: string, value: number | undefined, tone: string, missing = 0): TemplateResult {
  return html`<div class="tile ${value === 0 ? 'plain' : tone}" data-tile=${label}>
    <dt>${label}</dt>
    <dd>
      ${value === undefined ? '–' : count(value)}${
        missing === 0 ? nothing : html`<span class="host">${count(missing)} missing</span>`
      }
    </dd>
  </div>`;
}
