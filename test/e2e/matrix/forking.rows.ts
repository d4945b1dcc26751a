import { type Row } from './row.ts';

const ANSWERED = `
  → INVITE sendrecv challenged
  ← 180 INVITE
  ← 200 INVITE sendrecv
  → ACK
  · 200 ms
  → BYE
  ← 200 BYE`;
const FORWARDED = `
  → INVITE sendrecv challenged
  ← 180 INVITE
  ← 181 INVITE
  ← 180 INVITE
  ← 200 INVITE sendrecv
  → ACK
  · 200 ms
  → BYE
  ← 200 BYE`;
const REDIRECTED = `
  → INVITE sendrecv challenged
  ← 181 INVITE
  ← 180 INVITE
  ← 200 INVITE sendrecv
  → ACK
  · 200 ms
  → BYE
  ← 200 BYE`;
const TAKES = `
  ← INVITE sendrecv
  → 180 INVITE
  → 200 INVITE sendrecv
  ← ACK
  ← BYE
  → 200 BYE`;
const diverted = (reason: string): string => `
  ← INVITE sendrecv | Diversion: <sip:{bob}@*>;reason=${reason}
  → 180 INVITE
  → 200 INVITE sendrecv
  ← ACK
  ← BYE
  → 200 BYE`;
const GIVEN_UP = `
  ← INVITE sendrecv
  → 180 INVITE
  ← CANCEL
  → 200 CANCEL
  → 487 INVITE
  ← ACK`;

/** Which phones ring, and where a call goes next. */
export const forkingRows: readonly Row[] = [
  {
    feature: 'phones of equal q ring together; who rang in vain is told that the call was taken elsewhere',
    rfc: 'RFC 3261 §16.6, RFC 3326 §2',
    phones: {
      'bob-desk': `
        ← INVITE sendrecv
        → 180 INVITE
        ← CANCEL | Reason: SIP*cause=200*
        → 200 CANCEL
        → 487 INVITE
        ← ACK`,
      'bob-mobile': `
        ← INVITE sendrecv
        · 2000 ms
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: ANSWERED,
    },
  },
  {
    feature: 'phones of lower q ring after those of higher q',
    rfc: 'RFC 3261 §16.6',
    phones: {
      'bob-desk': {
        q: '1.0',
        ladder: `
          ← INVITE sendrecv
          → 180 INVITE
          → 486 INVITE
          ← ACK`,
      },
      'bob-mobile': { q: '0.5', ladder: TAKES },
      alice: ANSWERED,
    },
  },
  {
    feature: 'a phone rings no longer than its user has set',
    rfc: 'RFC 3261 §16.7',
    settings: { bob: { ringSec: 4 } },
    phones: {
      bob: GIVEN_UP,
      alice: `
        → INVITE sendrecv challenged
        ← 180 INVITE
        ← 480 INVITE
        → ACK`,
    },
  },
  {
    feature: 'two phones answer at once: the second is acknowledged and hung up',
    rfc: 'RFC 3261 §13.2.2.4, §9.1',
    phones: {
      'bob-desk': `
        ← INVITE sendrecv
        → 180 INVITE
        ← CANCEL
        → 200 CANCEL
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      'bob-mobile': `
        ← INVITE sendrecv
        · 2000 ms
        → 200 INVITE sendrecv
        ← ACK
        ← BYE
        → 200 BYE`,
      alice: ANSWERED,
    },
  },
  {
    feature: 'a phone that declines for its user ends the call at the others',
    rfc: 'RFC 3261 §16.7 step 5',
    phones: {
      'bob-desk': GIVEN_UP,
      'bob-mobile': `
        ← INVITE sendrecv
        · 2000 ms
        → 603 INVITE
        ← ACK`,
      alice: `
        → INVITE sendrecv challenged
        ← 180 INVITE
        ← 603 INVITE
        → ACK`,
    },
  },
  {
    feature: 'a redirect is followed',
    rfc: 'RFC 3261 §8.1.3.4, RFC 5806',
    phones: {
      carol: diverted('deflection'),
      bob: `
        ← INVITE sendrecv
        → 302 INVITE | Contact: <sip:{carol}@{edge}>
        ← ACK`,
      alice: REDIRECTED,
    },
  },
  {
    feature: 'a redirect to a number, of a call to a number',
    rfc: 'RFC 3966, RFC 3261 §19.1.6',
    areNumbers: true,
    phones: {
      carol: diverted('deflection'),
      bob: `
        ← INVITE sendrecv
        → 302 INVITE | Contact: <tel:{carol}>
        ← ACK`,
      alice: {
        calls: 'sip:{bob}@{edge};user=phone',
        ladder: REDIRECTED,
      },
    },
  },
  {
    feature: 'calls go on when the user is busy',
    rfc: 'RFC 5806',
    settings: { bob: { forwards: { busy: 'carol' } } },
    phones: {
      carol: diverted('user-busy'),
      bob: `
        ← INVITE sendrecv
        → 180 INVITE
        → 486 INVITE
        ← ACK`,
      alice: FORWARDED,
    },
  },
  {
    feature: 'calls go on when nobody answers',
    rfc: 'RFC 5806',
    settings: { bob: { forwards: { noAnswer: 'carol' }, ringSec: 4 } },
    phones: { carol: diverted('no-answer'), bob: GIVEN_UP, alice: FORWARDED },
  },
  {
    feature: 'calls go on when the user is not there',
    rfc: 'RFC 5806',
    settings: { bob: { forwards: { unreachable: 'carol' } } },
    phones: {
      carol: diverted('unavailable'),
      alice: REDIRECTED,
    },
  },
  {
    feature: 'users who send their calls on to each other',
    rfc: 'RFC 3261 §21.4.20',
    oneEdge: 'it gets to no phone',
    settings: { bob: { forwards: { always: 'carol' } }, carol: { forwards: { always: 'bob' } } },
    phones: {
      alice: `
        → INVITE sendrecv challenged
        ← 181 INVITE
        ← 482 INVITE
        → ACK`,
    },
  },
  {
    feature: 'nobody has this name',
    rfc: 'RFC 3261 §21.4.5',
    oneEdge: 'it gets to no phone',
    phones: {
      alice: {
        calls: 'sip:nobody-at-all@{edge}',
        ladder: `
          → INVITE sendrecv challenged
          ← 404 INVITE | Reason: Q.850;cause=1;*
          → ACK`,
      },
    },
  },
];
