/** Formats that are no codec: digits and comfort noise go with any. RFC 4733, RFC 3389. */
const COMPANIONS = /^(?:telephone-event|CN)$/i;

/**
 * The description with one codec less: the last, which its writer likes least, of the stream that offers most. Undefined
 * when every stream is down to one codec, or there is nothing that can be read. Whoever answers a shorter list answers
 * the longer one too, RFC 3264 §6.1.
 */
export function withoutLastCodec(sdp: string): string | undefined {
  const [session = '', ...streams] = sdp.split(/^(?=m=)/m);
  const codecs = streams.map(codecsIn);
  const most = codecs.reduce((best, one, index) => (one.length > (codecs[best]?.length ?? 0) ? index : best), 0);
  const last = (codecs[most]?.length ?? 0) > 1 ? codecs[most]?.at(-1) : undefined;
  if (last === undefined) return undefined;
  return session + streams.map((stream, index) => (index === most ? without(stream, last) : stream)).join('');
}

/** The payload types of a stream that are codecs, as offered. */
function codecsIn(stream: string): string[] {
  const [, formats] = /^m=(?:audio|video) \S+ RTP\/\S+ (.*?)\r?$/m.exec(stream) ?? [];
  return (formats ?? '').split(' ').filter((type) => /^\d{1,3}$/.test(type) && !COMPANIONS.test(nameOf(stream, type)));
}

function nameOf(stream: string, type: string): string {
  return new RegExp(`^a=rtpmap:${type} ([^/]*)/`, 'm').exec(stream)?.[1] ?? '';
}

function without(stream: string, type: string): string {
  return stream
    .replace(/^(m=\S+ \S+ \S+ )(.*?)(\r?)$/m, (_, head: string, formats: string, end: string) => {
      const left = formats.split(' ').filter((one) => one !== type);
      return head + left.join(' ') + end;
    })
    .replace(new RegExp(`^a=(?:rtpmap|fmtp|rtcp-fb):${type} .*\\r?\\n`, 'gm'), '');
}
