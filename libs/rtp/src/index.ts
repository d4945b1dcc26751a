export { RtpSyntaxError, WavError } from './errors.ts';
export { type G711, pcma, pcmu } from './g711.ts';
export { JitterBuffer, type JitterBufferOptions } from './jitter-buffer.ts';
export { isRtcp, parseRtp, type RtpPacket, serializeRtp } from './packet.ts';
export { PacketStamper, type PacketStamp, sequenceDistance, timestampDistance } from './sequence.ts';
export { parseWav, serializeWav, type Sound } from './wav.ts';
