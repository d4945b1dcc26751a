import { WavError } from './errors.ts';
import { type G711, pcma, pcmu } from './g711.ts';

/** Sound as it is worked with: one channel of 16-bit samples. */
export interface Sound {
  readonly sampleRate: number;
  readonly samples: Int16Array;
}

/*
 *  RIFF, little-endian:
 *
 *   0      4      8      12
 *  |"RIFF"| size |"WAVE"|   then chunks, each padded to an even length:   | id | size | size bytes... |
 *
 *  "fmt ":  0 format tag | 2 channels | 4 samples/s | 8 bytes/s | 12 block align | 14 bits/sample | ...
 *           24 sub-format, when the tag is "extensible"
 *  "data":  the samples
 */
const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const FORMAT_BYTES = 16;
const SUB_FORMAT_OFFSET = 24;
const FORMAT_PCM = 1;
const FORMAT_A_LAW = 6;
const FORMAT_MU_LAW = 7;
const FORMAT_EXTENSIBLE = 0xfffe;

/** Reads a mono file of 16-bit PCM, A-law or μ-law. Throws `WavError`. */
export function parseWav(bytes: Buffer): Sound {
  if (bytes.length < RIFF_HEADER_BYTES || tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE') {
    throw new WavError('WAV_SYNTAX', 'no RIFF/WAVE header');
  }
  let format: Format | undefined;
  for (let at = RIFF_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= bytes.length;) {
    const id = tag(bytes, at);
    const start = at + CHUNK_HEADER_BYTES;
    const end = start + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) throw new WavError('WAV_SYNTAX', `chunk ends at ${end} of ${bytes.length} bytes`);
    const chunk = bytes.subarray(start, end);
    if (id === 'fmt ') format = parseFormat(chunk);
    else if (id === 'data') {
      if (format === undefined) throw new WavError('WAV_SYNTAX', 'data before its format');
      return { sampleRate: format.sampleRate, samples: format.decode(chunk) };
    }
    at = end + (end % 2);
  }
  throw new WavError('WAV_SYNTAX', 'no data');
}

/** The bytes of a mono file of 16-bit PCM. */
export function serializeWav({ sampleRate, samples }: Sound): Buffer {
  const dataBytes = samples.length * 2;
  const dataAt = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES + FORMAT_BYTES;
  const bytes = Buffer.alloc(dataAt + CHUNK_HEADER_BYTES + dataBytes);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(FORMAT_BYTES, 16);
  bytes.writeUInt16LE(FORMAT_PCM, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRate, 24);
  bytes.writeUInt32LE(sampleRate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', dataAt, 'latin1');
  bytes.writeUInt32LE(dataBytes, dataAt + 4);
  samples.forEach((sample, index) => bytes.writeInt16LE(sample, dataAt + CHUNK_HEADER_BYTES + index * 2));
  return bytes;
}

interface Format {
  readonly sampleRate: number;
  readonly decode: (data: Buffer) => Int16Array;
}

function parseFormat(chunk: Buffer): Format {
  if (chunk.length < FORMAT_BYTES) throw new WavError('WAV_SYNTAX', 'format chunk too short');
  let kind = chunk.readUInt16LE(0);
  if (kind === FORMAT_EXTENSIBLE) {
    if (chunk.length < SUB_FORMAT_OFFSET + 2) throw new WavError('WAV_SYNTAX', 'format chunk too short');
    kind = chunk.readUInt16LE(SUB_FORMAT_OFFSET);
  }
  const channels = chunk.readUInt16LE(2);
  const sampleRate = chunk.readUInt32LE(4);
  const bits = chunk.readUInt16LE(14);
  if (channels !== 1) throw new WavError('WAV_UNSUPPORTED', `${channels} channels`);
  if (kind === FORMAT_PCM && bits === 16) return { sampleRate, decode: decodePcm };
  const companded: G711 | undefined = kind === FORMAT_A_LAW ? pcma : kind === FORMAT_MU_LAW ? pcmu : undefined;
  if (companded === undefined || bits !== 8) throw new WavError('WAV_UNSUPPORTED', `format ${kind} of ${bits} bits`);
  return { sampleRate, decode: (data) => companded.decode(data) };
}

function decodePcm(data: Buffer): Int16Array {
  const samples = new Int16Array(data.length >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(i * 2);
  return samples;
}

function tag(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}
