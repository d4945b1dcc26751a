const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
];

/** Header lines and body of what SIPp sends. */
export interface Said {
  readonly lines?: readonly string[];
  readonly sdp?: boolean;
}

/** A scenario of SIPp, of the steps below. */
export function scenario(...steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="test">\n${steps.join('\n')}\n</scenario>\n`;
}

/** A request of the caller. */
export function asks(method: string, cseq: number, said: Said = {}): string {
  return send(method === 'ACK', [
    `${method} sip:app@[remote_ip]:[remote_port] SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]',
    'Max-Forwards: 70',
    'From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]c[call_number]',
    'To: <sip:app@[remote_ip]:[remote_port]>[peer_tag_param]',
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    'Contact: <sip:sipp@[local_ip]:[local_port]>',
    ...(said.lines ?? []),
    ...bodyOf(said),
  ]);
}

/** A request of the callee, which has taken an INVITE by `calledAs`. */
export function callsBack(method: string, cseq: number): string {
  return send(method === 'ACK', [
    `${method} [$contact] SIP/2.0`,
    'Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]',
    'Max-Forwards: 70',
    'From:[$to];tag=[pid]u[call_number]',
    'To:[$from]',
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    'Contact: <sip:sipp@[local_ip]:[local_port]>',
    'Content-Length: 0',
    '',
  ]);
}

/** An answer to the last request; a callee names itself by the tag. */
export function answers(status: string, { tag = false, ...said }: Said & { readonly tag?: boolean } = {}): string {
  return send(true, [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_From:]',
    `[last_To:]${tag ? ';tag=[pid]u[call_number]' : ''}`,
    '[last_Call-ID:]',
    '[last_CSeq:]',
    'Contact: <sip:sipp@[local_ip]:[local_port]>',
    ...(said.lines ?? []),
    ...bodyOf(said),
  ]);
}

/** A request or response that must come next; of `header` the value must match. */
export function expects(what: string, check?: { readonly header: string; readonly regexp: string }): string {
  const wanted = /^\d/.test(what) ? `response="${what}"` : `request="${what}"`;
  const action =
    check === undefined
      ? ''
      : `<action><ereg regexp="${check.regexp}" search_in="hdr" header="${check.header}:" check_it="true" assign_to="checked"/></action>`;
  // Of an answer a 100 may come first.
  const before = /^\d/.test(what) ? '<recv response="100" optional="true"/>' : '';
  return `${before}<recv ${wanted}>${action}</recv>${check === undefined ? '' : '<Reference variables="checked"/>'}`;
}

/** The INVITE that calls, whose addresses are kept for requests back. */
export const calledAs = `<recv request="INVITE"><action>
  <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
  <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
  <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
</action></recv><Reference variables="from,to,contact"/>`;

function send(isOnce: boolean, lines: readonly string[]): string {
  return `<send${isOnce ? '' : ' retrans="500"'}><![CDATA[\n${lines.join('\n')}\n]]></send>`;
}

function bodyOf({ sdp = false }: Said): readonly string[] {
  if (!sdp) return ['Content-Length: 0', ''];
  return ['Content-Type: application/sdp', 'Content-Length: [len]', '', ...SDP];
}
