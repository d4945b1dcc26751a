/** Something the engine writes differently everywhere, where the meaning is the same or the RFC decides. */
export interface Spelling {
  /** Which row of `docs/drachtio-compatibility.md` has it. */
  readonly row: string;
  readonly why: string;
  /** Takes either form, recorded or ours, to one that both share. */
  readonly common: (text: string) => string;
}

/** What is not compared without `--compat drachtio`; with it, all is. */
export const spellings: readonly Spelling[] = [
  {
    row: '`;rport` in a Via',
    why: 'rport is answered together with received, RFC 3581 §4',
    common: (text) => text.replaceAll(/(;rport=\d+);received=[\d.x]+/g, '$1'),
  },
  {
    row: 'A request that nobody takes',
    why: 'who is told to come back is told when, RFC 3261 §21.5.4',
    common: (text) => text.replaceAll(/^Retry-After: \d+\n/gm, ''),
  },
  {
    row: "The reason of a 500 of the server's own",
    why: 'the reason phrase of 500 is the one of RFC 3261 §21.5.1',
    common: (text) => text.replaceAll('500 Internal Server Error', '500 Server Internal Error'),
  },
  {
    row: 'The reason of a 400',
    why: 'a 400 names the rule that was broken',
    common: (text) => text.replaceAll(/^(SIP\/2\.0 400 Bad Request) - \S+/gm, '$1'),
  },
  {
    row: 'ACK and CANCEL of a proxy',
    why: 'CANCEL and ACK of a proxy carry Max-Forwards, RFC 3261 §8.1.1',
    common: (text) => text.replace(/^((?:CANCEL|ACK) [^]*)^Max-Forwards: 70\n/m, '$1'),
  },
  {
    row: 'To of what has not left, as its application is shown it',
    why: 'every address is in brackets',
    common: (text) => text.replaceAll(/^(To|From): (sips?:[^;>\s]+)/gm, '$1: <$2>'),
  },
  {
    row: 'Credentials and challenges of an application',
    why: 'credentials are as the application wrote them',
    common: (text) => text.replaceAll(/^(?:Proxy-)?Authorization: .*$/gm, (line) => line.replaceAll(', ', ',')),
  },
  {
    row: 'Record-Route in responses',
    why: 'routes are repeated as they came, be it on one line',
    common: (text) =>
      text.replaceAll(/^(Record-Route): (.*)$/gm, (_, name: string, values: string) =>
        values
          .split(/,\s*(?=<)/)
          .map((one) => `${name}: ${one}`)
          .join('\n'),
      ),
  },
  {
    row: 'Max-Breadth of a proxied request',
    why: 'how often it may fork is limited, RFC 5393 §5',
    common: (text) => text.replaceAll(/^Max-Breadth: \d+\n/gm, ''),
  },
  {
    row: 'In-dialog requests through Record-Route',
    why: 'our routes are signed, so that nobody else sends through us',
    common: (text) => text.replaceAll(/;by=[\w.-]+/g, ''),
  },
];

/** A text in the form that both servers share. */
export function commonSpelling(text: string): string {
  return spellings.reduce((shared, { common }) => common(shared), text);
}
