/** A codec of ITU-T G.711: one byte a sample, 8,000 samples a second. */
export interface G711 {
  readonly name: 'PCMU' | 'PCMA';
  /** Static payload type, RFC 3551 §6. */
  readonly payloadType: number;
  /** The byte that sounds like nothing. */
  readonly silence: number;
  decode(bytes: Uint8Array): Int16Array;
  encode(samples: Int16Array): Buffer;
}

/*
 *  PCMU and PCMA, ITU-T G.711: sign, segment and mantissa of a logarithmic sample.
 *
 *   7 6 5 4 3 2 1 0
 *  +-+-+-+-+-+-+-+-+
 *  |S| seg | mant  |    PCMU: every bit inverted.  PCMA: every second bit inverted (0x55), S set when positive.
 *  +-+-+-+-+-+-+-+-+
 */
const SIGN_MASK = 0x80;
const SEGMENT_MASK = 0x70;
const SEGMENT_SHIFT = 4;
const MANTISSA_MASK = 0x0f;

const MU_BIAS = 0x84;
const MU_CLIP = 0x7fff - MU_BIAS;
const A_INVERT = 0x55;
/** Half a step, so that a decoded sample lies in the middle of what was encoded to it. */
const A_HALF_STEP = 0x08;
const A_HIDDEN_BIT = 0x100;

/** μ-law, the codec of North America and Japan. */
export const pcmu: G711 = codec('PCMU', 0, decodeMu, encodeMu);

/** A-law, the codec of the rest of the world. */
export const pcma: G711 = codec('PCMA', 8, decodeA, encodeA);

function codec(
  name: G711['name'],
  payloadType: number,
  decodeOne: (byte: number) => number,
  encodeOne: (sample: number) => number,
): G711 {
  const decoded = Int16Array.from({ length: 0x100 }, (_, byte) => decodeOne(byte));
  const encoded = Uint8Array.from({ length: 0x1_0000 }, (_, index) => encodeOne((index << 16) >> 16));
  return {
    name,
    payloadType,
    silence: encodeOne(0),
    decode: (bytes) => {
      const samples = new Int16Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) samples[i] = decoded[bytes[i] ?? 0] ?? 0;
      return samples;
    },
    encode: (samples) => {
      const bytes = Buffer.allocUnsafe(samples.length);
      for (let i = 0; i < samples.length; i++) bytes[i] = encoded[(samples[i] ?? 0) & 0xffff] ?? 0;
      return bytes;
    },
  };
}

function decodeMu(byte: number): number {
  const bits = ~byte & 0xff;
  const magnitude = (((bits & MANTISSA_MASK) << 3) + MU_BIAS) << ((bits & SEGMENT_MASK) >> SEGMENT_SHIFT);
  return (bits & SIGN_MASK) === 0 ? magnitude - MU_BIAS : MU_BIAS - magnitude;
}

function encodeMu(sample: number): number {
  const sign = sample < 0 ? SIGN_MASK : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = 31 - Math.clz32(magnitude) - 7;
  const mantissa = (magnitude >> (segment + 3)) & MANTISSA_MASK;
  return ~(sign | (segment << SEGMENT_SHIFT) | mantissa) & 0xff;
}

function decodeA(byte: number): number {
  const bits = byte ^ A_INVERT;
  const segment = (bits & SEGMENT_MASK) >> SEGMENT_SHIFT;
  const step = ((bits & MANTISSA_MASK) << 4) + A_HALF_STEP;
  const magnitude = segment === 0 ? step : (step + A_HIDDEN_BIT) << (segment - 1);
  return (bits & SIGN_MASK) === 0 ? -magnitude : magnitude;
}

function encodeA(sample: number): number {
  const sign = sample < 0 ? 0 : SIGN_MASK;
  // The negative side is shifted by one, so that -1 and 0 share the smallest step.
  const magnitude = sample < 0 ? -sample - 1 : sample;
  const segment = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (segment === 0 ? 4 : segment + 3)) & MANTISSA_MASK;
  return (sign | (segment << SEGMENT_SHIFT) | mantissa) ^ A_INVERT;
}
