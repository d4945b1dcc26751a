import { type Row } from './row.ts';

const ASK = `
  → INVITE sendrecv challenged
  ← 200 INVITE sendrecv
  → ACK
  · 200 ms`;
const AGREE = `
  ← INVITE sendrecv
  → 200 INVITE sendrecv
  ← ACK`;
const LEAVE = `
  → BYE
  ← 200 BYE`;
const END = `
  ← BYE
  → 200 BYE`;

/** How a session changes while two talk. */
export const sessionRows: readonly Row[] = [
  {
    feature: 'the caller holds and comes back by re-INVITE',
    rfc: 'RFC 3261 §14, RFC 3264 §8.4',
    phones: {
      bob: `${AGREE}
        ← INVITE sendonly
        → 200 INVITE recvonly
        ← ACK
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK${END}`,
      alice: `${ASK}
        → INVITE sendonly
        ← 200 INVITE recvonly
        → ACK
        · 200 ms
        → INVITE sendrecv
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms${LEAVE}`,
    },
  },
  {
    feature: 'the callee holds and comes back by re-INVITE',
    rfc: 'RFC 3261 §14, RFC 3264 §8.4',
    phones: {
      bob: `${AGREE}
        · 300 ms
        → INVITE sendonly
        ← 200 INVITE recvonly
        → ACK
        · 200 ms
        → INVITE sendrecv
        ← 200 INVITE sendrecv
        → ACK
        · 200 ms${LEAVE}`,
      alice: `
        → INVITE sendrecv challenged
        ← 200 INVITE sendrecv
        → ACK
        ← INVITE sendonly
        → 200 INVITE recvonly
        ← ACK
        ← INVITE sendrecv
        → 200 INVITE sendrecv
        ← ACK${END}`,
    },
  },
  {
    feature: 'the caller holds and comes back by UPDATE',
    rfc: 'RFC 3311 §5',
    phones: {
      bob: `${AGREE}
        ← UPDATE sendonly
        → 200 UPDATE recvonly
        ← UPDATE sendrecv
        → 200 UPDATE sendrecv${END}`,
      alice: `${ASK}
        → UPDATE sendonly
        ← 200 UPDATE recvonly
        → UPDATE sendrecv
        ← 200 UPDATE sendrecv${LEAVE}`,
    },
  },
  {
    feature: 'the callee holds and comes back by UPDATE',
    rfc: 'RFC 3311 §5',
    phones: {
      bob: `${AGREE}
        · 300 ms
        → UPDATE sendonly
        ← 200 UPDATE recvonly
        → UPDATE sendrecv
        ← 200 UPDATE sendrecv${LEAVE}`,
      alice: `
        → INVITE sendrecv challenged
        ← 200 INVITE sendrecv
        → ACK
        ← UPDATE sendonly
        → 200 UPDATE recvonly
        ← UPDATE sendrecv
        → 200 UPDATE sendrecv${END}`,
    },
  },
  {
    feature: 'the other side is asked for an offer in mid-call',
    rfc: 'RFC 3261 §14.1, RFC 3264 §4',
    phones: {
      bob: `${AGREE}
        ← INVITE
        → 200 INVITE sendrecv
        ← ACK sendrecv${END}`,
      alice: `${ASK}
        → INVITE
        ← 200 INVITE sendrecv
        → ACK sendrecv
        · 200 ms${LEAVE}`,
    },
  },
  {
    feature: 'an offer that is refused leaves the session as it was',
    rfc: 'RFC 3261 §14.1',
    phones: {
      bob: `${AGREE}
        ← INVITE sendrecv PCMA
        → 488 INVITE
        ← ACK
        ← INFO "still there"
        → 200 INFO${END}`,
      alice: `${ASK}
        → INVITE sendrecv PCMA
        ← 488 INVITE
        → ACK
        → INFO "still there"
        ← 200 INFO${LEAVE}`,
    },
  },
  {
    feature: 'glare: the callee offers while the offer of the caller is open',
    rfc: 'RFC 3261 §14.2',
    phones: {
      bob: `${AGREE}
        ← INVITE sendonly
        → UPDATE sendrecv
        ← 491 UPDATE
        → INVITE sendrecv
        ← 491 INVITE
        → ACK
        → 200 INVITE recvonly
        ← ACK${END}`,
      alice: `${ASK}
        → INVITE sendonly
        ← 200 INVITE recvonly
        → ACK
        · 200 ms${LEAVE}`,
    },
  },
  {
    feature: 'glare: the caller offers while the offer of the callee is open',
    rfc: 'RFC 3261 §14.2',
    phones: {
      bob: `${AGREE}
        · 300 ms
        → INVITE sendonly
        ← 200 INVITE recvonly
        → ACK
        ← BYE
        → 200 BYE`,
      alice: `
        → INVITE sendrecv challenged
        ← 200 INVITE sendrecv
        → ACK
        ← INVITE sendonly
        → INVITE sendrecv
        ← 491 INVITE
        → ACK
        → 200 INVITE recvonly
        ← ACK
        · 200 ms${LEAVE}`,
    },
  },
  {
    feature: 'a second offer before the first is answered',
    rfc: 'RFC 3311 §5.2',
    phones: {
      bob: `${AGREE}
        ← UPDATE sendonly
        · 400 ms
        → 200 UPDATE recvonly${END}`,
      alice: `${ASK}
        → UPDATE sendonly
        → INVITE sendrecv
        ← 500 INVITE | Retry-After: *
        → ACK
        ← 200 UPDATE recvonly${LEAVE}`,
    },
  },
  {
    feature: 'digits by INFO, both ways',
    rfc: 'RFC 6086, application/dtmf-relay',
    phones: {
      bob: `${AGREE}
        ← INFO "Signal=5"
        → 200 INFO
        · 200 ms
        → INFO "Signal=#"
        ← 200 INFO${END}`,
      alice: `${ASK}
        → INFO "Signal=5"
        ← 200 INFO
        ← INFO "Signal=#"
        → 200 INFO
        · 200 ms${LEAVE}`,
    },
  },
];
