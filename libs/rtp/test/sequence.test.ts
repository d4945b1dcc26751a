import { PacketStamper, sequenceDistance, timestampDistance } from '@callweave/rtp';
import { describe, expect, test } from 'vitest';

describe('numbers that wrap', () => {
  test('are compared the short way round', () => {
    expect([sequenceDistance(65_535, 0), sequenceDistance(0, 65_535), sequenceDistance(7, 7)]).toEqual([1, -1, 0]);
    expect(timestampDistance(0xffff_ff60, 0)).toBe(160);
    expect(timestampDistance(0, 0xffff_ff60)).toBe(-160);
  });
});

describe('an outgoing stream', () => {
  test('counts packets by one and time by samples, past both wraps', () => {
    const stamper = new PacketStamper(() => Buffer.from('0102030400ffffffff60', 'hex'));
    expect(stamper.next(160)).toEqual({ ssrc: 0x01020304, sequence: 0x7f, timestamp: 0xffffff60 });
    expect(stamper.next(160)).toEqual({ ssrc: 0x01020304, sequence: 0x80, timestamp: 0 });
    stamper.skip(160);
    expect(stamper.next(160)).toMatchObject({ sequence: 0x81, timestamp: 320 });
    for (let i = 0x82; i < 0x1_0000; i++) stamper.next(160);
    expect(stamper.next(160).sequence).toBe(0);
  });

  test('begins below half of the sequence numbers', () => {
    expect(new PacketStamper((bytes) => Buffer.alloc(bytes, 0xff)).next(160).sequence).toBe(0x7fff);
  });
});
