import { isRtcp, parseRtp, RtpSyntaxError, serializeRtp } from '@callweave/rtp';
import { describe, expect, test } from 'vitest';

/** PCMU, marker, sequence 0x1234, two contributing sources, an extension of one word, payload "abcd", 3 bytes of padding. */
const full = Buffer.from(
  'b2801234' + '000000a0' + 'deadbeef' + '00000001' + 'ffffffff' + 'bede0001' + '10aa0000' + '61626364' + '000003',
  'hex',
);

describe('an RTP packet', () => {
  test('is read with everything it can carry', () => {
    expect(parseRtp(full)).toEqual({
      payloadType: 0,
      marker: true,
      sequence: 0x1234,
      timestamp: 160,
      ssrc: 0xdeadbeef,
      csrcs: [1, 0xffffffff],
      extension: { profile: 0xbede, data: Buffer.from('10aa0000', 'hex') },
      payload: Buffer.from('abcd'),
    });
  });

  test('comes back from its bytes as it went in', () => {
    const packet = parseRtp(full);
    expect(parseRtp(serializeRtp(packet))).toEqual(packet);
    const plain = {
      payloadType: 101,
      marker: false,
      sequence: 65_535,
      timestamp: 0xffff_ffff,
      ssrc: 1,
      payload: Buffer.alloc(160, 0xff),
    };
    expect(parseRtp(serializeRtp(plain))).toEqual(plain);
    expect(serializeRtp(plain)).toHaveLength(172);
  });

  test('cut off anywhere is refused with a typed error or is a shorter packet, never more', () => {
    for (let length = 0; length < full.length; length++) {
      const cut = full.subarray(0, length);
      try {
        expect(parseRtp(cut).payload.length).toBeLessThan(length);
      } catch (error) {
        expect(error).toBeInstanceOf(RtpSyntaxError);
      }
    }
  });

  test.each([
    ['another version', '40801234000000a0deadbeef'],
    ['no bytes', ''],
    ['contributing sources it does not have', '8f801234000000a0deadbeef'],
    ['an extension it does not have', '90801234000000a0deadbeefbede0001'],
    ['padding of nothing', 'a0801234000000a0deadbeef00'],
    ['padding longer than itself', 'a0801234000000a0deadbeef0005'],
  ])('with %s is refused', (_what, hex) => {
    expect(() => parseRtp(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'RTP_SYNTAX' }));
  });

  test('of random bytes never does worse than a typed error', () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 0x7fff_ffff);
    for (let i = 0; i < 5_000; i++) {
      const bytes = Buffer.from(Array.from({ length: random() % 60 }, () => random() & 0xff));
      try {
        parseRtp(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RtpSyntaxError);
      }
    }
  });

  test('is told apart from RTCP on the same port', () => {
    expect(isRtcp(Buffer.from('80c80006', 'hex'))).toBe(true);
    expect(isRtcp(full)).toBe(false);
    expect(isRtcp(Buffer.alloc(0))).toBe(false);
  });
});
