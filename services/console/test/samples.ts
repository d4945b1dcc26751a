import { type Call, type Happening } from '../src/api.ts';

/** The `n`-th call of a test, in the order of their ids. */
export function callOf(n: number, fields: Partial<Call> = {}): Call {
  return {
    callId: `01J${String(n).padStart(23, '0')}`,
    tenant: 'default',
    state: 'routing',
    from: { user: 'alice', uri: 'sip:alice@example.org' },
    to: { user: 'bob', uri: 'sip:bob@example.org' },
    startedAt: 1_000 * n,
    edge: 'eeeeeeeeeeeeeeee',
    ...fields,
  };
}

/** That the `n`-th call began. */
export function begun(n: number, fields: Partial<Call> = {}): Happening {
  return { about: 'call', kind: 'initiated', at: n, call: callOf(n, fields) };
}
