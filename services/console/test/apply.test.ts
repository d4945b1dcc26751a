import { describe, expect, test } from 'vitest';
import { type CallHappening, type CallPage, type RegistrationHappening, type RegistrationPage } from '../src/api.ts';
import { applyToCalls, applyToRegistrations, PAGE_ROWS } from '../web/apply.ts';
import { callOf } from './samples.ts';

const counts = { routing: 0, ringing: 0, answered: 0 };

function pageOf(...calls: CallPage['calls']): CallPage {
  return { now: 0, cursor: '0.0', current: true, calls, counts };
}

function told(call: CallPage['calls'][number]): CallHappening {
  return { about: 'call', kind: 'initiated', at: 0, call };
}

describe('the page of calls', () => {
  test('shows a new call on its first page only, where it pushes off the last', () => {
    expect(applyToCalls(pageOf(callOf(1)), told(callOf(2)), true).calls).toEqual([callOf(2), callOf(1)]);
    expect(applyToCalls(pageOf(callOf(1)), told(callOf(2)), false).calls).toEqual([callOf(1)]);
    const full = Array.from({ length: PAGE_ROWS }, (_, n) => callOf(PAGE_ROWS - n));
    expect(applyToCalls(pageOf(...full), told(callOf(99)), true).calls).toEqual([callOf(99), ...full.slice(0, -1)]);
  });

  test('shows what a call became, never what it was before', () => {
    const ringing = callOf(1, { state: 'ringing' });
    expect(applyToCalls(pageOf(callOf(1)), told(ringing), false).calls).toEqual([ringing]);
    expect(applyToCalls(pageOf(ringing), told(callOf(1)), true).calls).toEqual([ringing]);
  });

  test('drops a call that ended, and takes no notice of one it does not show', () => {
    expect(applyToCalls(pageOf(callOf(1)), told(callOf(1, { state: 'ended' })), true).calls).toEqual([]);
    expect(applyToCalls(pageOf(callOf(1)), told(callOf(2, { state: 'ended' })), true).calls).toEqual([callOf(1)]);
  });
});

describe('the page of registrations', () => {
  const page: RegistrationPage = {
    now: 0,
    cursor: '0.0',
    total: 1,
    registrations: [
      {
        tenant: 'default',
        user: 'alice',
        aor: 'sip:alice@example.org',
        contacts: [{ contact: 'sip:alice@192.0.2.1', expiresAt: 1_000, edge: 'e' }],
      },
    ],
  };
  const stays: RegistrationHappening = {
    about: 'registration',
    kind: 'refreshed',
    at: 0,
    tenant: 'default',
    user: 'alice',
    aor: 'sip:alice@example.org',
    contact: 'sip:alice@192.0.2.1',
    edge: 'f',
    expiresAt: 9_000,
  };

  test('shows at once that a device stays', () => {
    expect(applyToRegistrations(page, stays)?.registrations[0]?.contacts).toEqual([
      { contact: 'sip:alice@192.0.2.1', expiresAt: 9_000, edge: 'f' },
    ]);
  });

  test('is asked for again when a device comes or goes', () => {
    expect(applyToRegistrations(page, { ...stays, kind: 'removed' })).toBeUndefined();
    expect(applyToRegistrations(page, { ...stays, contact: 'sip:alice@192.0.2.2' })).toBeUndefined();
  });
});
