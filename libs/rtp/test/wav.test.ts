import { parseWav, serializeWav } from '@callweave/rtp';
import { describe, expect, test } from 'vitest';

const samples = Int16Array.of(0, 1, -1, 32_767, -32_768);
const file = serializeWav({ sampleRate: 8_000, samples });

/** A WAV file of other things than PCM. */
function wav({ format = 1, channels = 1, bits = 16, extensible = 0, before = '', data = '00000000' } = {}): Buffer {
  const fmt = Buffer.alloc(extensible === 0 ? 16 : 40);
  fmt.writeUInt16LE(format, 0);
  fmt.writeUInt16LE(channels, 2);
  fmt.writeUInt32LE(8_000, 4);
  fmt.writeUInt16LE(bits, 14);
  if (extensible !== 0) fmt.writeUInt16LE(extensible, 24);
  const chunk = (id: string, bytes: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(id);
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes, Buffer.alloc(bytes.length % 2)]);
  };
  return Buffer.concat([
    Buffer.from('RIFF\0\0\0\0WAVE'),
    before === '' ? Buffer.alloc(0) : chunk(before, Buffer.from('odd')),
    chunk('fmt ', fmt),
    chunk('data', Buffer.from(data, 'hex')),
  ]);
}

describe('a WAV file', () => {
  test('gives back the sound it was made of', () => {
    expect(parseWav(file)).toEqual({ sampleRate: 8_000, samples });
    expect(file).toHaveLength(44 + samples.length * 2);
  });

  test('may be companded, extensible, and hold chunks of no interest', () => {
    expect([...parseWav(wav({ format: 7, bits: 8, data: 'ff80' })).samples]).toEqual([0, 32_124]);
    expect([...parseWav(wav({ format: 6, bits: 8, data: 'd5aa' })).samples]).toEqual([8, 32_256]);
    expect([...parseWav(wav({ format: 0xfffe, extensible: 1, before: 'LIST', data: '0100' })).samples]).toEqual([1]);
  });

  test.each([
    ['is stereo', wav({ channels: 2 })],
    ['has 8 bits', wav({ bits: 8 })],
    ['has 24 bits', wav({ bits: 24 })],
    ['is compressed', wav({ format: 85 })],
  ])('that %s is refused as unsupported', (_what, bytes) => {
    expect(() => parseWav(bytes)).toThrow(expect.objectContaining({ code: 'WAV_UNSUPPORTED' }));
  });

  test('cut off anywhere is refused as broken', () => {
    for (let length = 0; length < file.length; length++) {
      expect(() => parseWav(file.subarray(0, length))).toThrow(expect.objectContaining({ code: 'WAV_SYNTAX' }));
    }
    expect(() => parseWav(Buffer.from('RIFF\0\0\0\0WAVEdata\0\0\0\0'))).toThrow(/before its format/);
  });
});
