import {
  type G711,
  isRtcp,
  JitterBuffer,
  PacketStamper,
  parseRtp,
  pcma,
  pcmu,
  RtpSyntaxError,
  serializeRtp,
} from '@callweave/rtp';
import { type AgreedAudio } from '@callweave/sdp';
import { FRAME_MS, FRAME_SAMPLES } from './frame.ts';
import { type MediaAddress, type MediaPort } from './media-port.ts';

/** 40 ms: two packets may change places, which is what Wi-Fi does. */
const JITTER_DELAY_SAMPLES = 2 * FRAME_SAMPLES;
/** 256 ms; a sender that is further ahead is taken up anew. */
const JITTER_CAPACITY_SAMPLES = 2_048;
/** After this long without a packet another source may take over: a NAT has changed its mapping. */
const RELEARN_BEATS = 2_000 / FRAME_MS;

/** The sound of one call in both directions, as RTP. Symmetric: answers go where packets come from, RFC 4961. */
export class AudioStream {
  readonly ssrc: number;
  readonly #port: MediaPort;
  readonly #stamper = new PacketStamper();
  readonly #jitter = new JitterBuffer({ delay: JITTER_DELAY_SAMPLES, capacity: JITTER_CAPACITY_SAMPLES });
  #agreed: AgreedAudio | undefined;
  #codec: G711 = pcmu;
  /** Where packets really come from. */
  #heardFrom: MediaAddress | undefined;
  #beatsSinceHeard = 0;
  #wasSilent = true;

  constructor(port: MediaPort) {
    this.#port = port;
    this.ssrc = this.#stamper.ssrc;
    port.onPacket((bytes, from) => this.#receive(bytes, from));
  }

  get port(): number {
    return this.#port.port;
  }

  get agreed(): AgreedAudio | undefined {
    return this.#agreed;
  }

  /** Begins, or goes on, as both ends have agreed. */
  agree(agreed: AgreedAudio): void {
    const before = this.#agreed?.remote;
    const { remote, codec } = agreed;
    if (remote?.address !== before?.address || remote?.port !== before?.port) this.#heardFrom = undefined;
    this.#agreed = agreed;
    this.#codec = codec.name === 'PCMA' ? pcma : pcmu;
  }

  /** What the caller said in this beat; undefined when nothing came. To be called once a beat. */
  hear(): Int16Array | undefined {
    this.#beatsSinceHeard++;
    return this.#jitter.take(FRAME_SAMPLES);
  }

  /** Sends one frame; silence when there is nothing to say. To be called once a beat. */
  say(samples: Int16Array | undefined): void {
    const to = this.#target();
    if (to === undefined) {
      this.#stamper.skip(FRAME_SAMPLES);
      this.#wasSilent = true;
      return;
    }
    const payload =
      samples === undefined ? Buffer.alloc(FRAME_SAMPLES, this.#codec.silence) : this.#codec.encode(samples);
    // The first packet after none is marked, RFC 3551 §4.1.
    const marker = this.#wasSilent;
    this.#wasSilent = false;
    const payloadType = this.#agreed?.codec.payloadType ?? this.#codec.payloadType;
    this.#port.send(serializeRtp({ ...this.#stamper.next(FRAME_SAMPLES), payloadType, marker, payload }), to);
  }

  close(): void {
    this.#port.close();
  }

  #target(): MediaAddress | undefined {
    const { direction, remote } = this.#agreed ?? {};
    const sends = direction === 'sendrecv' || direction === 'sendonly';
    // Nowhere to send is how a hold of the old kind is told; what is still heard does not change that.
    return sends && remote !== undefined ? (this.#heardFrom ?? remote) : undefined;
  }

  #receive(bytes: Buffer, from: MediaAddress): void {
    const { direction, codec } = this.#agreed ?? {};
    if (codec === undefined || direction === 'sendonly' || direction === 'inactive' || isRtcp(bytes)) return;
    try {
      const packet = parseRtp(bytes);
      if (!this.#isFromCaller(from)) return;
      if (packet.payloadType !== codec.payloadType) return;
      this.#jitter.put(packet.ssrc, packet.timestamp, this.#codec.decode(packet.payload));
    } catch (error) {
      // Anyone can send anything to an open port; what is no RTP is not for us.
      if (!(error instanceof RtpSyntaxError)) throw error;
    }
  }

  /** The first source heard is the caller; nobody else, unless the caller has long been silent. */
  #isFromCaller(from: MediaAddress): boolean {
    const heard = this.#heardFrom;
    const isKnown = heard?.port === from.port && heard.address === from.address;
    if (!isKnown && heard !== undefined && this.#beatsSinceHeard < RELEARN_BEATS) return false;
    if (!isKnown) this.#heardFrom = { address: from.address, port: from.port };
    this.#beatsSinceHeard = 0;
    return true;
  }
}
