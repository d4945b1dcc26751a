const RATE = 8_000;
const WAV_HEADER_BYTES = 44;
/** One second, from its middle on: codecs and jitter buffers have settled by then. */
const WINDOW = RATE;

/** A WAV of a minute of one tone: 16 bit, mono, 8 kHz. */
export function toneWav(hz: number): Buffer {
  const count = 60 * RATE;
  const wav = Buffer.alloc(WAV_HEADER_BYTES + 2 * count);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(2 * RATE, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++) {
    const sample = Math.round(8_000 * Math.sin((2 * Math.PI * hz * i) / RATE));
    wav.writeInt16LE(sample, WAV_HEADER_BYTES + 2 * i);
  }
  return wav;
}

/** Samples of a 16-bit mono WAV that may still be written to. */
export function samplesOf(wav: Buffer): Int16Array {
  const data = wav.subarray(WAV_HEADER_BYTES);
  return Int16Array.from({ length: Math.floor(data.length / 2) }, (_, i) => data.readInt16LE(2 * i));
}

/** Power of one frequency in `samples` (Goertzel), as a share of all power: near 1 for a pure tone of it. */
export function toneShare(samples: Int16Array, hz: number): number {
  const window = samples.subarray(Math.max(0, samples.length - WINDOW));
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / RATE);
  let s1 = 0;
  let s2 = 0;
  let total = 0;
  for (const sample of window) {
    const s0 = sample + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
    total += sample * sample;
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  return total === 0 ? 0 : (2 * power) / (window.length * total);
}
