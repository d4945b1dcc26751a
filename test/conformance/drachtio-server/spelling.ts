/** Something the engine writes differently everywhere, where the meaning is the same or the RFC decides. */
export interface Spelling {
  readonly why: string;
  /** Takes either form, recorded or ours, to one that both share. */
  readonly common: (text: string) => string;
}

/** What is not compared. */
export const spellings: readonly Spelling[] = [
  {
    why: 'rport is answered together with received, RFC 3581 §4',
    common: (text) => text.replaceAll(/(;rport=\d+);received=[\d.x]+/g, '$1'),
  },
  {
    why: 'who is told to come back is told when, RFC 3261 §21.5.4',
    common: (text) => text.replaceAll(/^Retry-After: \d+\n/gm, ''),
  },
  {
    why: 'the reason phrase of 500 is the one of RFC 3261 §21.5.1',
    common: (text) => text.replaceAll('500 Internal Server Error', '500 Server Internal Error'),
  },
  {
    why: 'a 400 names the rule that was broken',
    common: (text) => text.replaceAll(/^(SIP\/2\.0 400 Bad Request) - \S+/gm, '$1'),
  },
  {
    why: 'CANCEL and ACK of a proxy carry Max-Forwards, RFC 3261 §8.1.1',
    common: (text) => text.replace(/^((?:CANCEL|ACK) [^]*)^Max-Forwards: 70\n/m, '$1'),
  },
  {
    why: 'every address is in brackets',
    common: (text) => text.replaceAll(/^(To|From): (sips?:[^;>\s]+)/gm, '$1: <$2>'),
  },
  {
    why: 'our routes are signed, so that nobody else sends through us',
    common: (text) => text.replaceAll(/;by=[\w.-]+/g, ''),
  },
];

/** A text in the form that both servers share. */
export function commonSpelling(text: string): string {
  return spellings.reduce((shared, { common }) => common(shared), text);
}
