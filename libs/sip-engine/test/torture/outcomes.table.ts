/** What an engine answers, but for 100. */
export interface Outcome {
  /** Statuses by UDP, empty for none; 299 is the application's, which was given the request. */
  readonly udp: string;
  /** The same by TCP, with `closed` where the connection ends; as by UDP unless given. */
  readonly tcp?: string;
}

const taken: Outcome = { udp: '299' };
const refused: Outcome = { udp: '400' };
/** A response to what was never asked. */
const stray: Outcome = { udp: '' };

/** What becomes of each message of RFC 4475 and RFC 5118. */
export const outcomes: Readonly<Record<string, Outcome>> = {
  // RFC 4475 §3.1.1: right.
  // Its To has a tag, and there is no such dialog.
  wsinv: { udp: '481' },
  // Nobody has routed a method of that name.
  intmeth: { udp: '501' },
  esc01: taken,
  escnull: taken,
  // What is escaped in a method is not unescaped: it is no REGISTER.
  esc02: { udp: '501' },
  lwsdisp: taken,
  longreq: taken,
  // One datagram has one message. A stream has both, but the second has more body than it says, and the rest is no SIP.
  dblreq: { udp: '299', tcp: 'closed' },
  semiuri: taken,
  transports: taken,
  mpart01: taken,
  unreason: stray,
  noreason: stray,

  // RFC 4475 §3.1.2: wrong.
  // Without a Via that can be read nobody knows where to answer, nor to what.
  badinv01: { udp: '' },
  // More is announced than comes: a stream waits for it as long as for any message.
  clerr: { udp: '400', tcp: 'closed' },
  // Where it ends nobody knows, so nothing after it can be read.
  ncl: { udp: '400', tcp: '400 closed' },
  scalar02: refused,
  scalarlg: stray,
  quotbal: refused,
  ltgtruri: refused,
  lwsruri: refused,
  lwsstart: refused,
  trws: refused,
  escruri: refused,
  // The RFC leaves it open whether somebody minds the time zone; nothing here depends on Date.
  baddate: taken,
  // Taken liberally, as the RFC allows: the question mark belongs to the URI.
  regbadct: taken,
  // Taken liberally, as the RFC allows: blanks inside the brackets are none of the URI.
  badaspec: taken,
  baddn: refused,
  badvers: { udp: '505' },
  mismatch01: refused,
  mismatch02: refused,
  // No status at all, so no message: a stream cannot be gone on with.
  bigcode: { udp: '', tcp: 'closed' },

  // RFC 4475 §3.2 to §3.4: what it means.
  // The branch is empty behind the cookie: told apart as RFC 2543 did.
  badbranch: taken,
  insuf: refused,
  unkscm: { udp: '416' },
  novelsc: { udp: '416' },
  // Whom a registrar knows, and by what, is the application's.
  unksm2: taken,
  // What the application supports it knows alone, as with drachtio-server; so for the next three.
  bext01: taken,
  invut: taken,
  regaut01: taken,
  sdp01: taken,
  multi01: refused,
  mcl01: { udp: '400', tcp: '400 closed' },
  bcast: stray,
  // Who is the last hop does not forward it: the application proxies nothing here.
  zeromf: taken,
  cparam01: taken,
  cparam02: taken,
  regescrt: taken,
  // A stream needs Content-Length, RFC 3261 §18.3.
  inv2543: { udp: '299', tcp: '400 closed' },

  // RFC 5118 §4.
  'ipv6-good': taken,
  'ipv6-bad': refused,
  // Read as an address, which it is; nobody can know that a port was meant.
  'port-ambiguous': taken,
  'port-unambiguous': taken,
  // Of the dialog that they belong to nothing is known.
  'via-received-param-with-delim': { udp: '481' },
  'mult-ip-in-header': { udp: '481' },
  'via-received-param-no-delim': taken,
  'ipv6-in-sdp': taken,
  'mult-ip-in-sdp': taken,
  'ipv4-mapped-ipv6': taken,
  // Taken liberally, as the RFC wants: the grammar of RFC 3261 was wrong.
  'ipv6-bug-abnf-3-colons': taken,
  'ipv6-correct-abnf-2-colons': taken,
};
