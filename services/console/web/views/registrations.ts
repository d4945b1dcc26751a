import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { type Contact, type Registration } from '../../src/api.ts';
import { type Console } from '../console.ts';
import { count, shortId, span } from '../format.ts';
import { empty, pager, partyView } from './parts.ts';

interface Row {
  readonly key: string;
  readonly registration: Registration;
  readonly contact: Contact;
}

/** Who is registered, and at which devices. */
export function registrationsView(model: Console): TemplateResult {
  const { page } = model.registrations;
  return html`<section class="card registrations" aria-labelledby="registrations-title">
    <header>
      <h2 id="registrations-title">Registrations</h2>
      ${page === undefined ? nothing : html`<span class="total">${count(page.total)}</span>`}
    </header>
    ${
      model.registrationsProblem === ''
        ? nothing
        : html`<p class="notice" role="status">
            Not up to date: ${model.registrationsProblem}. Asked again every few seconds.
          </p>`
    }
    ${
      page === undefined
        ? html`<p class="loading">${model.registrationsProblem === '' ? 'Loading…' : nothing}</p>`
        : page.registrations.length === 0
          ? empty('Nobody is registered', 'A phone is shown here as soon as it registers.')
          : table(rowsOf(page.registrations), model.now())
    }
    ${pager('Pages of registrations', model.registrations, (way) => model.turn('registrations', way))}
  </section>`;
}

function rowsOf(registrations: readonly Registration[]): Row[] {
  return registrations.flatMap((registration) =>
    registration.contacts.map((contact) => ({
      key: `${registration.user} ${contact.contact}`,
      registration,
      contact,
    })),
  );
}

function table(rows: readonly Row[], now: number): TemplateResult {
  return html`<table role="table" aria-labelledby="registrations-title">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">User</th>
        <th role="columnheader" scope="col">Contact</th>
        <th role="columnheader" scope="col">Device</th>
        <th role="columnheader" scope="col">Expires in</th>
        <th role="columnheader" scope="col">Edge</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${repeat(
        rows,
        ({ key }) => key,
        ({ registration, contact }) => row(registration, contact, now),
      )}
    </tbody>
  </table>`;
}

function row({ user, aor }: Registration, contact: Contact, now: number): TemplateResult {
  const { userAgent, expiresAt, edge, received } = contact;
  return html`<tr role="row" data-user=${user}>
    <td role="cell" class="user" data-label="User">${partyView({ user, uri: aor })}</td>
    <td role="cell" class="contact" data-label="Contact">
      <code class="uri">${contact.contact}</code>
      ${received === undefined ? nothing : html`<span class="host">behind NAT, seen as ${received}</span>`}
    </td>
    <td role="cell" class="agent" data-label="Device">${userAgent ?? '–'}</td>
    <td role="cell" class="for" data-label="Expires in">
      <time datetime=${new Date(expiresAt).toISOString()}>${span(expiresAt - now)}</time>
    </td>
    <td role="cell" class="edge" data-label="Edge"><code title=${edge}>${shortId(edge)}</code></td>
  </tr>`;
}
