import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { type Instance } from '../../src/api.ts';
import { type Console } from '../console.ts';
import { count, plural, shortId, span, timeOfDay } from '../format.ts';
import { badge, empty } from './parts.ts';

const states: Readonly<Record<Instance['state'], TemplateResult>> = {
  alive: badge('good', 'Alive'),
  silent: badge('busy', 'Silent'),
  gone: badge('bad', 'Gone'),
  unknown: badge('dim', 'Unknown'),
};

/** The processes on the bus, by service. */
export function processesView(model: Console): TemplateResult {
  const { instances } = model;
  const byService = Object.entries(Object.groupBy(instances ?? [], ({ service }) => service));
  return html`<section class="card processes" aria-labelledby="processes-title">
    <header>
      <h2 id="processes-title">Processes</h2>
      <span class="total">${count(alive(instances ?? []).length)}</span>
    </header>
    ${
      instances === undefined
        ? html`<p class="loading">Loading…</p>`
        : byService.length === 0
          ? empty('Nothing runs', 'Every process announces itself on the bus by a lease.')
          : html`<ul class="services">
              ${repeat(
                byService,
                ([service]) => service,
                ([service, members = []]) => serviceView(service, members, model.now()),
              )}
            </ul>`
    }
  </section>`;
}

/** Those that show life. */
export function alive(instances: readonly Instance[]): Instance[] {
  return instances.filter(({ state }) => state === 'alive');
}

function summary(members: readonly Instance[]): string {
  if (members.every(({ state }) => state === 'unknown')) return 'not heard while the bus is away';
  return `${plural(alive(members).length, 'replica')} alive`;
}

function serviceView(service: string, members: readonly Instance[], now: number): TemplateResult {
  return html`<li>
    <h3>${service} <span class="host">${summary(members)}</span></h3>
    <ul>
      ${repeat(
        members,
        ({ instance }) => instance,
        ({ instance, state, startedAt, version, holds }) =>
          html`<li class="instance" data-service=${service} data-state=${state}>
            ${states[state]}
            <code title="${instance}, version ${version}">${shortId(instance)}</code>
            ${holds === undefined ? nothing : html`<span class="host">edge <code>${shortId(holds)}</code></span>`}
            <span class="up"
              >${state === 'gone' ? 'since' : 'up'}
              <time datetime=${new Date(startedAt).toISOString()} title="since ${timeOfDay(startedAt)}"
                >${state === 'gone' ? timeOfDay(startedAt) : span(now - startedAt)}</time
              ></span
            >
          </li>`,
      )}
    </ul>
  </li>`;
}
