/** A feature of calls that is shown by another test than the matrix. */
export interface ShownElsewhere {
  readonly feature: string;
  /** The implementation of others that takes part. */
  readonly against: string;
  readonly test: string;
}

const BARESIP = 'baresip';
const BROWSER = 'JsSIP in Chromium';

/** What needs ears, a browser, or a process that dies. */
export const shownElsewhere: readonly ShownElsewhere[] = [
  { feature: 'two phones hear each other, through rtpengine', against: BARESIP, test: 'test/e2e/call.e2e.test.ts' },
  {
    feature: 'early media and late offers are heard; all phones of a user ring',
    against: `${BARESIP}, SIPp`,
    test: 'test/e2e/call-setup.e2e.test.ts',
  },
  {
    feature: 'who is on hold hears nothing, and hears again',
    against: BARESIP,
    test: 'test/e2e/session-change.e2e.test.ts',
  },
  {
    feature: 'transfers, blind and attended, of phones and browsers; a browser takes the place of a phone',
    against: `${BARESIP}, ${BROWSER}, SIPp`,
    test: 'test/e2e/transfer.e2e.test.ts',
  },
  {
    feature: 'callers at one edge, callees at another: hold, early media, late offer, forking, and each edge dying',
    against: `${BARESIP}, ${BROWSER}, SIPp`,
    test: 'test/e2e/two-edges.e2e.test.ts',
  },
  {
    feature: 'a redirect that is passed on, a device that wants credentials',
    against: 'SIPp',
    test: 'test/e2e/passed-on.e2e.test.ts',
  },
  {
    feature: 'identity, privacy, tel: URIs, forwardings, and the record of each call',
    against: `${BARESIP}, SIPp`,
    test: 'test/e2e/identity-and-records.e2e.test.ts',
  },
  { feature: 'an INVITE that is too long for a datagram', against: 'SIPp', test: 'test/e2e/long-invite.e2e.test.ts' },
  { feature: 'a public and a private side', against: 'SIPp', test: 'test/e2e/two-sides.e2e.test.ts' },
  {
    feature: 'browsers and phones call each other',
    against: `${BROWSER}, ${BARESIP}`,
    test: 'test/e2e/webrtc.e2e.test.ts',
  },
];
