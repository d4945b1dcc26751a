import { RtpSyntaxError } from './errors.ts';

/** One RTP packet, RFC 3550 §5.1. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  /** 16 bits. */
  readonly sequence: number;
  /** 32 bits, in samples. */
  readonly timestamp: number;
  /** 32 bits. */
  readonly ssrc: number;
  readonly csrcs?: readonly number[];
  /** The header extension, RFC 3550 §5.3.1; whole 32-bit words. */
  readonly extension?: { readonly profile: number; readonly data: Buffer };
  /** Without padding. A view of the bytes that were parsed. */
  readonly payload: Buffer;
}

/*
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                           timestamp                           |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |           synchronization source (SSRC) identifier            |
 *  +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 *  |            contributing source (CSRC) identifiers             |
 *  |                             ....                              |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
const VERSION = 2;
const VERSION_SHIFT = 6;
const PADDING_MASK = 0x20;
const EXTENSION_MASK = 0x10;
const CSRC_COUNT_MASK = 0x0f;
const MARKER_MASK = 0x80;
const PAYLOAD_TYPE_MASK = 0x7f;
const SEQUENCE_OFFSET = 2;
const TIMESTAMP_OFFSET = 4;
const SSRC_OFFSET = 8;
const HEADER_BYTES = 12;
const WORD_BYTES = 4;
const EXTENSION_HEADER_BYTES = 4;

/** Second bytes of RTCP packets, which may share a port with RTP, RFC 5761 §4. */
const RTCP_FIRST = 192;
const RTCP_LAST = 223;

/** Whether a packet that came by an RTP port is RTCP, RFC 5761 §4. */
export function isRtcp(bytes: Buffer): boolean {
  const type = bytes[1] ?? 0;
  return type >= RTCP_FIRST && type <= RTCP_LAST;
}

/** Reads a packet; throws `RtpSyntaxError`. RFC 3550 §5.1. */
export function parseRtp(bytes: Buffer): RtpPacket {
  if (bytes.length < HEADER_BYTES) throw new RtpSyntaxError(`${bytes.length} bytes < ${HEADER_BYTES}`);
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  if (first >> VERSION_SHIFT !== VERSION) throw new RtpSyntaxError('version is not 2');
  const csrcEnd = HEADER_BYTES + (first & CSRC_COUNT_MASK) * WORD_BYTES;
  if (bytes.length < csrcEnd) throw new RtpSyntaxError(`${bytes.length} bytes < ${csrcEnd} with contributing sources`);
  const csrcs: number[] = [];
  for (let at = HEADER_BYTES; at < csrcEnd; at += WORD_BYTES) csrcs.push(bytes.readUInt32BE(at));
  const extension = (first & EXTENSION_MASK) === 0 ? undefined : parseExtension(bytes, csrcEnd);
  const start = extension === undefined ? csrcEnd : csrcEnd + EXTENSION_HEADER_BYTES + extension.data.length;
  const end = (first & PADDING_MASK) === 0 ? bytes.length : bytes.length - paddingOf(bytes, start);
  return {
    payloadType: second & PAYLOAD_TYPE_MASK,
    marker: (second & MARKER_MASK) !== 0,
    sequence: bytes.readUInt16BE(SEQUENCE_OFFSET),
    timestamp: bytes.readUInt32BE(TIMESTAMP_OFFSET),
    ssrc: bytes.readUInt32BE(SSRC_OFFSET),
    ...(csrcs.length === 0 ? {} : { csrcs }),
    ...(extension === undefined ? {} : { extension }),
    payload: bytes.subarray(start, end),
  };
}

/** The bytes of a packet, without padding. */
export function serializeRtp(packet: RtpPacket): Buffer {
  const { payloadType, marker, sequence, timestamp, ssrc, csrcs = [], extension, payload } = packet;
  const csrcEnd = HEADER_BYTES + csrcs.length * WORD_BYTES;
  const start = extension === undefined ? csrcEnd : csrcEnd + EXTENSION_HEADER_BYTES + extension.data.length;
  const bytes = Buffer.allocUnsafe(start + payload.length);
  bytes.writeUInt8((VERSION << VERSION_SHIFT) | (extension === undefined ? 0 : EXTENSION_MASK) | csrcs.length, 0);
  bytes.writeUInt8((marker ? MARKER_MASK : 0) | payloadType, 1);
  bytes.writeUInt16BE(sequence, SEQUENCE_OFFSET);
  bytes.writeUInt32BE(timestamp, TIMESTAMP_OFFSET);
  bytes.writeUInt32BE(ssrc, SSRC_OFFSET);
  csrcs.forEach((csrc, index) => bytes.writeUInt32BE(csrc, HEADER_BYTES + index * WORD_BYTES));
  if (extension !== undefined) {
    bytes.writeUInt16BE(extension.profile, csrcEnd);
    bytes.writeUInt16BE(extension.data.length / WORD_BYTES, csrcEnd + 2);
    extension.data.copy(bytes, csrcEnd + EXTENSION_HEADER_BYTES);
  }
  payload.copy(bytes, start);
  return bytes;
}

/*
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |      defined by profile       |    length in 32-bit words     |
 *  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *  |                        header extension                       |
 */
function parseExtension(bytes: Buffer, at: number): { profile: number; data: Buffer } {
  const dataAt = at + EXTENSION_HEADER_BYTES;
  if (bytes.length < dataAt) throw new RtpSyntaxError(`${bytes.length} bytes < ${dataAt} with an extension`);
  const end = dataAt + bytes.readUInt16BE(at + 2) * WORD_BYTES;
  if (bytes.length < end) throw new RtpSyntaxError(`${bytes.length} bytes < ${end} with an extension`);
  return { profile: bytes.readUInt16BE(at), data: bytes.subarray(dataAt, end) };
}

/** The last byte counts the padding, itself included. RFC 3550 §5.1. */
function paddingOf(bytes: Buffer, start: number): number {
  const count = bytes.readUInt8(bytes.length - 1);
  if (count === 0 || bytes.length - count < start) throw new RtpSyntaxError('padding longer than the payload');
  return count;
}
