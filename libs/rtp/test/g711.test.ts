import { pcma, pcmu } from '@callweave/rtp';
import { describe, expect, test } from 'vitest';

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const everySample = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);

describe('G.711', () => {
  test('decodes the corners of μ-law', () => {
    expect([...pcmu.decode(Uint8Array.of(0xff, 0x7f, 0x80, 0x00, 0xfe, 0xef, 0x8f))]).toEqual([
      0, 0, 32_124, -32_124, 8, 132, 16_764,
    ]);
  });

  test('decodes the corners of A-law', () => {
    expect([...pcma.decode(Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a, 0xd4, 0xc5, 0x85))]).toEqual([
      8, -8, 32_256, -32_256, 24, 264, 4_224,
    ]);
  });

  test('knows its silence', () => {
    expect([pcmu.silence, pcma.silence]).toEqual([0xff, 0xd5]);
  });

  test.each([pcmu, pcma])('$name gives every byte back, but for the second zero of μ-law', (codec) => {
    const back = [...codec.encode(codec.decode(everyByte))];
    const wanted = [...everyByte].map((byte) => (codec === pcmu && byte === 0x7f ? 0xff : byte));
    expect(back).toEqual(wanted);
  });

  test.each([
    [pcmu, 644],
    [pcma, 512],
  ])('$name stays near every sample and never turns its sign', (codec, worst) => {
    const back = codec.decode(codec.encode(everySample));
    let largest = 0;
    everySample.forEach((sample, index) => {
      const value = back[index] ?? NaN;
      largest = Math.max(largest, Math.abs(sample - value));
      expect(sample * value >= 0 || Math.abs(value) <= 8).toBe(true);
    });
    expect(largest).toBeLessThanOrEqual(worst);
  });
});
