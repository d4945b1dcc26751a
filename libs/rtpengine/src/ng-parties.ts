import { type BencodeDictionary, type BencodeValue } from './bencode.ts';
import { isDictionary } from './ng-client.ts';

/** What a node relayed that came from one party. */
export interface NgParty {
  /** Its tag. */
  readonly tag: string;
  readonly packets: number;
  readonly bytes: number;
  readonly errors: number;
  /** As whoever heard it reported by RTCP; each absent without such reports. */
  readonly packetsLost?: number;
  readonly jitterMs?: number;
  /** Mean opinion score, 1 to 5. */
  readonly mos?: number;
}

/** rtpengine counts it in tenths. */
const MOS_SCALE = 10;

/** What each party sent, from the answer to `query`; what a version of rtpengine does not tell is absent. */
export function partiesOf({ tags, SSRC: sources }: BencodeDictionary): NgParty[] {
  if (!isDictionary(tags)) return [];
  return Object.entries(tags).flatMap(([tag, about]) => {
    const streams = rtpStreams(about);
    if (streams.length === 0) return [];
    const sum = (key: string): number => streams.reduce((total, { stats }) => total + (numberAt(stats, key) ?? 0), 0);
    const counted = { packets: sum('packets'), bytes: sum('bytes'), errors: sum('errors') };
    return [{ tag, ...counted, ...qualityOf(streams, sources) }];
  });
}

/** Of the loudest stream that anybody reported about. */
function qualityOf(
  streams: readonly BencodeDictionary[],
  sources: BencodeValue | undefined,
): Pick<NgParty, 'packetsLost' | 'jitterMs' | 'mos'> {
  if (!isDictionary(sources)) return {};
  const packets = (stream: BencodeDictionary): number => numberAt(stream['stats'], 'packets') ?? 0;
  for (const stream of [...streams].sort((a, b) => packets(b) - packets(a))) {
    const ssrc = numberAt(stream, 'SSRC');
    const source = ssrc === undefined ? undefined : sources[String(ssrc)];
    if (!isDictionary(source)) continue;
    const packetsLost = numberAt(source, 'cumulative loss');
    const average = source['average MOS'];
    const jitterMs = numberAt(average, 'jitter');
    const mos = numberAt(average, 'MOS');
    if (packetsLost === undefined && mos === undefined) continue;
    return {
      ...(packetsLost === undefined ? {} : { packetsLost }),
      ...(jitterMs === undefined ? {} : { jitterMs }),
      ...(mos === undefined ? {} : { mos: mos / MOS_SCALE }),
    };
  }
  return {};
}

function rtpStreams(about: BencodeValue | undefined): BencodeDictionary[] {
  return dictionariesAt(about, 'medias')
    .flatMap((media) => dictionariesAt(media, 'streams'))
    .filter(({ flags }) => Array.isArray(flags) && flags.includes('RTP'));
}

function dictionariesAt(value: BencodeValue | undefined, key: string): BencodeDictionary[] {
  const list = isDictionary(value) ? value[key] : undefined;
  return Array.isArray(list) ? (list as readonly BencodeValue[]).filter((each) => isDictionary(each)) : [];
}

function numberAt(value: BencodeValue | undefined, key: string): number | undefined {
  const number = isDictionary(value) && value[key] !== undefined ? Number(value[key]) : NaN;
  return Number.isFinite(number) ? number : undefined;
}
