import { frame, FrameReader, FramingError, MAX_FRAME_BYTES, parseCommand } from '@callweave/sip-engine/testing';
import { describe, expect, test } from 'vitest';

function read(...chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  const frames: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let payload = reader.next(); payload !== undefined; payload = reader.next()) frames.push(payload.toString());
  }
  return frames;
}

const payloads = ['a|ping', 'grüße 😀', 'x'.repeat(20_000), 'b|ping'];
const stream = Buffer.concat(payloads.map((payload) => frame(Buffer.from(payload).toString('latin1'))));

describe('control frames', () => {
  test('lengths count bytes, and frames are found however the stream is cut', () => {
    expect(read(stream)).toEqual(payloads);
    expect(read(...[...stream].map((byte) => Buffer.from([byte])))).toEqual(payloads);
    for (let cut = 1; cut < 100; cut++) {
      expect(read(Buffer.from(stream.subarray(0, cut)), Buffer.from(stream.subarray(cut)))).toEqual(payloads);
    }
  });

  test('a frame of several hundred kB is taken', () => {
    const large = 'y'.repeat(700_000);
    expect(read(frame(large))[0]).toHaveLength(large.length);
  });

  test.each(['hello', '#x', '0#', '-1#x', '1234567#', '99999999', ' 5#hello', '5 #hello'])('%j is refused', (text) => {
    expect(() => read(Buffer.from(text))).toThrow(FramingError);
    expect(() => read(...[...Buffer.from(text)].map((byte) => Buffer.from([byte])))).toThrow(FramingError);
  });

  test('a length that is announced but not sent takes no memory', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from(`${MAX_FRAME_BYTES}#x`));
    expect(reader.next()).toBeUndefined();
  });

  test('a frame of the engine carries its message after one line end', () => {
    expect(frame('a|b', Buffer.from('SIP')).toString()).toBe('8#a|b\r\nSIP');
  });
});

describe('commands', () => {
  const parse = (text: string) => parseCommand(Buffer.from(text));

  test.each([
    ['i|authenticate|s3cret|a,b', { kind: 'authenticate', secret: 's3cret', tags: ['a', 'b'] }],
    ['i|authenticate|s3cret|', { kind: 'authenticate', tags: [] }],
    ['i|ping', { kind: 'ping', id: 'i' }],
    ['i|route|INVITE', { kind: 'route', verb: 'invite' }],
    ['i|remove_route|invite', { kind: 'remove-route', verb: 'invite' }],
    [
      'i|proxy|t||fullResponse||serial|undefined|undefined|sip:a\r\nINVITE x SIP/2.0\r\n\r\n',
      {
        kind: 'proxy',
        wish: { txn: 't', staysInPath: false, tellsResponses: true, isSimultaneous: false, targets: ['sip:a'] },
      },
    ],
    [
      'i|proxy|t|remainInDialog||followRedirects|simultaneous|1500ms|2s|sip:a|sip:b\r\nINVITE x SIP/2.0\r\n\r\n',
      {
        kind: 'proxy',
        wish: {
          ...{ staysInPath: true, tellsResponses: false, followsRedirects: true, isSimultaneous: true },
          ...{ provisionalMs: 1_500, finalMs: 2_000, targets: ['sip:a', 'sip:b'] },
        },
      },
    ],
    [
      'i|sip|t|d|sip:p\r\nOPTIONS sip:a SIP/2.0\r\nX: y\r\n\r\nbody',
      { kind: 'sip', txn: 't', dialog: 'd', proxyUri: 'sip:p' },
    ],
  ])('%j is understood', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  test.each([
    ['i', 'Invalid message format'],
    ['i|frobby', 'Unknown message type'],
    ['i|authenticate', 'Invalid message format'],
    ['i|route', 'Invalid message format'],
    ['i|sip', 'Invalid message format'],
    ['i|sip|t|d', 'Invalid message format'],
    ['i|sip|t|d\r\nno message', 'Invalid message format'],
    ['i|sip|t|d\r\n\r\n\r\n', 'Invalid message format'],
    ['i|proxy|t|', 'Invalid message format'],
  ])('%j is broken: %s', (text, reason) => {
    expect(parse(text)).toEqual({ kind: 'broken', id: 'i', reason });
  });
});
