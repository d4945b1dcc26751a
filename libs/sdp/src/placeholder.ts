/** What everybody can do whose description is not known. RFC 7874 §3 */
const ANYBODY = 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 8\r\n';
const DISCARD = 9;

/**
 * An offer in the name of somebody who is asked for his own only when it is answered: the streams and codecs of `text`,
 * his last description, as plain RTP at an address where nothing listens. RFC 3725 §4.4.
 */
export function placeholder(text: string | undefined, direction: 'sendrecv' | 'sendonly'): string {
  const lines = (text ?? ANYBODY).split(/\r?\n/).flatMap((line) => {
    const stream = /^m=(\S+) (\d+)\S* \S+ (.*)$/.exec(line);
    if (stream === null) return /^(?:[vost]=|a=(?:rtpmap|fmtp|ptime|maxptime):)/.test(line) ? [line] : [];
    const [, kind = '', port = '', formats = ''] = stream;
    const at = port === '0' ? 0 : DISCARD;
    return [`m=${kind} ${String(at)} RTP/AVP ${formats}`, 'c=IN IP4 127.0.0.1', `a=${direction}`];
  });
  return `${lines.join('\r\n')}\r\n`;
}
