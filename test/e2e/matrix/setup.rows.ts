import { type Row } from './row.ts';

/** What a caller does who talks and hangs up. */
const CALL = `
  → INVITE sendrecv challenged
  ← 180 INVITE
  ← 200 INVITE sendrecv
  → ACK
  · 200 ms
  → BYE
  ← 200 BYE`;

/** What a callee does who takes it. */
const TAKE = `
  ← INVITE sendrecv
  → 180 INVITE
  → 200 INVITE sendrecv
  ← ACK
  ← BYE
  → 200 BYE`;

/** How a call comes about. */
export const setupRows: readonly Row[] = [
  { feature: 'a call', rfc: 'RFC 3261 §13, RFC 3264', phones: { bob: TAKE, alice: CALL } },
  {
    feature: 'the callee hangs up',
    rfc: 'RFC 3261 §15',
    phones: {
      bob: `
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK
        · 300 ms
        → BYE
        ← 200 BYE`,
      alice: `
        → INVITE sendrecv challenged
        ← 200 INVITE sendrecv
        → ACK
        ← BYE
        → 200 BYE`,
    },
  },
  {
    feature: 'early media',
    rfc: 'RFC 3960 §3.1',
    phones: {
      bob: `
        ← INVITE sendrecv
        → 183 INVITE sendrecv
        · 200 ms
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged
        ← 183 INVITE sendrecv
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms
        → BYE
        ← 200 BYE`,
    },
  },
  {
    feature: 'forked early dialogs: the caller hears the first, and talks to who answers',
    rfc: 'RFC 3261 §13.2.2.4, RFC 3960 §3.1',
    phones: {
      'bob-desk': `
        ← INVITE sendrecv
        → 183 INVITE sendrecv
        ← CANCEL | Reason: SIP*cause=200*
        → 200 CANCEL
        → 487 INVITE
        ← ACK`,
      'bob-mobile': `
        ← INVITE sendrecv
        · 2000 ms
        → 183 INVITE sendrecv
        · 200 ms
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged
        ← 183 INVITE sendrecv
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms
        → BYE
        ← 200 BYE`,
    },
  },
  {
    feature: 'late offer: the callee offers in its answer, the caller answers in its ACK',
    rfc: 'RFC 3264 §4, RFC 3261 §13.2.1',
    phones: {
      bob: `
        ← INVITE
        → 180 INVITE
        → 200 INVITE sendrecv
        ← ACK sendrecv
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE challenged
        ← 180 INVITE
        ← 200 INVITE sendrecv
        → ACK sendrecv
        · 300 ms
        → BYE
        ← 200 BYE`,
    },
  },
  {
    feature: 'provisional responses are acknowledged on both sides',
    rfc: 'RFC 3262',
    phones: {
      bob: `
        ← INVITE sendrecv | Supported: *100rel*
        → 183 INVITE sendrecv | Require: 100rel
        ← PRACK
        → 200 PRACK
        · 300 ms
        → 200 INVITE
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged | Require: 100rel
        ← 183 INVITE sendrecv | Require: 100rel
        → PRACK
        ← 200 PRACK
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms
        → BYE
        ← 200 BYE`,
    },
  },
  {
    feature: 'session timers: each side agrees on its own',
    rfc: 'RFC 4028',
    phones: {
      bob: `
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged | Supported: timer | Session-Expires: 1800
        ← 200 INVITE sendrecv | Session-Expires: 1800;refresher=*
        → ACK
        · 200 ms
        → BYE
        ← 200 BYE`,
    },
  },
  {
    feature: 'the caller gives up',
    rfc: 'RFC 3261 §9, RFC 3326',
    phones: {
      bob: `
        ← INVITE sendrecv
        → 180 INVITE
        ← CANCEL | Reason: Q.850;cause=31
        → 200 CANCEL
        → 487 INVITE
        ← ACK`,
      alice: `
        → INVITE sendrecv challenged
        ← 180 INVITE
        → CANCEL | Reason: Q.850;cause=31
        ← 200 CANCEL
        ← 487 INVITE
        → ACK`,
    },
  },
  {
    feature: 'the callee is busy',
    rfc: 'RFC 3261 §21.4.24',
    phones: {
      bob: `
        ← INVITE sendrecv
        → 180 INVITE
        → 486 INVITE
        ← ACK`,
      alice: `
        → INVITE sendrecv challenged
        ← 180 INVITE
        ← 486 INVITE | Reason: Q.850;cause=17*
        → ACK`,
    },
  },
  {
    feature: 'an offer that the callee cannot use',
    rfc: 'RFC 3261 §21.4.26',
    phones: {
      bob: `
        ← INVITE sendrecv PCMA
        → 488 INVITE
        ← ACK`,
      alice: `
        → INVITE sendrecv PCMA challenged
        ← 488 INVITE | Reason: Q.850;cause=*
        → ACK`,
    },
  },
  {
    feature: 'a request that may go no further',
    rfc: 'RFC 3261 §8.1.1.6, §21.4.21',
    oneEdge: 'it gets to no other',
    phones: {
      alice: `
        → INVITE sendrecv | Max-Forwards: 0
        ← 483 INVITE
        → ACK | Max-Forwards: 70`,
    },
  },
];
