import {
  type Call,
  type CallHappening,
  type CallPage,
  type RegistrationHappening,
  type RegistrationPage,
} from '../src/api.ts';

/** Rows of a page; new ones push the last off the first page. */
export const PAGE_ROWS = 50;

const rank: Readonly<Record<Call['state'], number>> = { routing: 0, ringing: 1, answered: 2, ended: 3 };

/** The page after something happened to a call; `isFirst`: calls that begin are shown on it. */
export function applyToCalls(page: CallPage, { call }: CallHappening, isFirst: boolean): CallPage {
  const known = page.calls.find(({ callId }) => callId === call.callId);
  if (call.state === 'ended') {
    return known === undefined ? page : { ...page, calls: page.calls.filter((other) => other !== known) };
  }
  // What is told again after a line was lost must not take a call back to where it was.
  if (known !== undefined && rank[call.state] < rank[known.state]) return page;
  if (known !== undefined) return { ...page, calls: page.calls.map((other) => (other === known ? call : other)) };
  if (!isFirst) return page;
  const calls = [call, ...page.calls].sort((a, b) => (a.callId < b.callId ? 1 : -1));
  return { ...page, calls: calls.slice(0, PAGE_ROWS) };
}

/** The page after something happened to a registration; undefined when only a fresh page can show it. */
export function applyToRegistrations(
  page: RegistrationPage,
  { kind, aor, contact, expiresAt, userAgent, edge }: RegistrationHappening,
): RegistrationPage | undefined {
  const known = page.registrations.find((row) => row.aor === aor)?.contacts.some((row) => row.contact === contact);
  if (known !== true || kind === 'removed') return undefined;
  const registrations = page.registrations.map((row) => {
    if (row.aor !== aor) return row;
    const contacts = row.contacts.map((old) => {
      if (old.contact !== contact) return old;
      return { ...old, edge, expiresAt: expiresAt ?? old.expiresAt, ...(userAgent === undefined ? {} : { userAgent }) };
    });
    return { ...row, contacts };
  });
  return { ...page, registrations };
}
