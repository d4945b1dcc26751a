/** Formats that are no codec: digits and comfort noise go with any. RFC 4733, RFC 3389. */
const COMPANIONS = /^(?:telephone-event|CN)$/i;

/** What every telephone has, RFC 7874 §3: the last to go. */
const COMMON = /^PCM[UA]$/i;
const COMMON_TYPES: ReadonlySet<string> = new Set(['0', '8']);

/**
 * What browsers say of their streams and plain RTP has no use for: header extensions, which stream is whose, feedback and
 * bundles. RFC 8285, RFC 8830, RFC 5576, RFC 4585, RFC 8843.
 */
const OF_BROWSERS =
  /^a=(?:extmap|extmap-allow-mixed|msid|msid-semantic|ssrc|ssrc-group|rtcp-fb|rtcp-rsize|rtcp-xr|mid):?.*\r?\n/gm;

/**
 * The description without what only browsers understand; undefined when it says nothing of the kind, or is not for plain
 * RTP alone. Whoever is not told goes without, as whoever does not know it.
 */
export function withoutBrowserAttributes(sdp: string): string | undefined {
  const isPlain = /^m=/m.test(sdp) && !/^m=\S+ \S+ (?!RTP\/S?AVP )/m.test(sdp);
  if (!isPlain || /^a=group:/m.test(sdp)) return undefined;
  const plain = sdp.replace(OF_BROWSERS, '');
  return plain === sdp ? undefined : plain;
}

/**
 * The description with one codec less, of the stream that offers most: the last, which its writer likes least, or the one
 * before where that is the G.711 that everybody has. Undefined when every stream is down to one codec, or there is
 * nothing that can be read. Whoever answers a shorter list answers the longer one too, RFC 3264 §6.1.
 */
export function withoutLastCodec(sdp: string): string | undefined {
  const [session = '', ...streams] = sdp.split(/^(?=m=)/m);
  const codecs = streams.map(codecsIn);
  const most = codecs.reduce((best, one, index) => (one.length > (codecs[best]?.length ?? 0) ? index : best), 0);
  const [stream = '', offered = []] = [streams[most], codecs[most]];
  const kept = offered.find((type) => isCommon(stream, type)) ?? offered[0];
  const spared = offered.findLast((type) => type !== kept);
  if (spared === undefined) return undefined;
  return session + streams.map((one, index) => (index === most ? without(one, spared) : one)).join('');
}

function isCommon(stream: string, type: string): boolean {
  const name = nameOf(stream, type);
  return name === '' ? COMMON_TYPES.has(type) : COMMON.test(name);
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
