import { html, nothing, type TemplateResult } from 'lit-html';
import { type Party } from '../../src/api.ts';
import { hostOf, nameOf } from '../format.ts';
import { type Pages } from '../pages.ts';

/** A person or a number, with the host it belongs to. */
export function partyView(party: Party | undefined): TemplateResult {
  const host = party === undefined ? '' : hostOf(party.uri);
  return html`<span class="party" title=${party?.uri ?? ''}
    ><span class="who">${nameOf(party)}</span>${host === '' ? nothing : html`<span class="host">${host}</span>`}</span
  >`;
}

/** A word with its colour; the colour is never the only sign. */
export function badge(tone: 'good' | 'busy' | 'dim' | 'bad', text: string): TemplateResult {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** What stands where a list would be. */
export function empty(title: string, hint: string): TemplateResult {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    <p>${hint}</p>
  </div>`;
}

/** Buttons to the page before and the page after; nothing when there is one page. */
export function pager(
  label: string,
  pages: Pages<{ readonly next?: string | undefined }>,
  turn: (way: 'forward' | 'back') => void,
): TemplateResult | typeof nothing {
  if (pages.isFirst && pages.isLast) return nothing;
  return html`<nav class="pager" aria-label=${label}>
    <button type="button" ?disabled=${pages.isFirst} @click=${() => turn('back')}>Previous</button>
    <span>Page ${pages.number}</span>
    <button type="button" ?disabled=${pages.isLast} @click=${() => turn('forward')}>Next</button>
  </nav>`;
}
