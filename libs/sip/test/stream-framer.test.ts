import { MAX_BODY_BYTES, serializeMessage, StreamFramer, type StreamUnit } from '@callweave/sip';
import { corpus, requestText } from '@callweave/sip/testing';
import { describe, expect, test } from 'vitest';

function feed(framer: StreamFramer, ...chunks: readonly Buffer[]): StreamUnit[] {
  const units: StreamUnit[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let unit = framer.next(); unit !== undefined; unit = framer.next()) units.push(unit);
  }
  return units;
}

function describeUnit(unit: StreamUnit): string {
  if (unit.kind === 'message') return serializeMessage(unit.message).toString();
  return unit.kind === 'ping' ? 'ping' : `broken ${unit.error.message}`;
}

const stream = Buffer.from(`${corpus[0] ?? ''}\r\n\r\n${corpus[1] ?? ''}\r\n${corpus[3] ?? ''}${corpus[4] ?? ''}`);
const expected = [corpus[0], 'ping', corpus[1], corpus[3], corpus[4]];

describe('the stream framer', () => {
  test('finds every message and ping in one chunk', () => {
    expect(feed(new StreamFramer(), stream).map(describeUnit)).toEqual(expected);
  });

  test('finds the same when the stream is cut in two anywhere', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      const units = feed(new StreamFramer(), Buffer.from(stream.subarray(0, cut)), Buffer.from(stream.subarray(cut)));
      expect(units.map(describeUnit), `cut at ${cut}`).toEqual(expected);
    }
  });

  test('finds the same byte by byte, through one reused buffer', () => {
    const framer = new StreamFramer();
    const units = [...stream].flatMap((byte) => feed(framer, Buffer.from([byte])));
    expect(units.map(describeUnit)).toEqual(expected);
  });

  test('knows whether a message has begun', () => {
    const framer = new StreamFramer();
    const text = requestText({ body: 'abc' });
    const within = ['', '\r\n', '\r\n', '\r\n', text.slice(0, 1), text.slice(1, -2), text.slice(-2)].map((piece) => {
      feed(framer, Buffer.from(piece));
      return framer.isWithinMessage;
    });
    expect(within).toEqual([false, false, false, false, true, true, false]);
    feed(framer, Buffer.from(text + text.slice(0, 5)));
    expect(framer.isWithinMessage).toBe(true);
  });

  test('a message given out stays what it was while more arrive', () => {
    const framer = new StreamFramer();
    const text = requestText({ body: 'one' });
    const units = feed(framer, ...[...Buffer.from(text.repeat(20))].map((byte) => Buffer.from([byte])));
    expect(new Set(units.map(describeUnit))).toEqual(new Set([text]));
    expect(units).toHaveLength(20);
  });

  test.each([
    ['no Content-Length', requestText().replace(/Content-Length: 0\r\n/, ''), 'content-length-missing'],
    ['a Content-Length that is no number', requestText().replace('Length: 0', 'Length: x'), 'content-length'],
    ['a body above the limit', requestText().replace('Length: 0', `Length: ${MAX_BODY_BYTES + 1}`), 'body above'],
  ])('%s breaks the stream, but the request can still be answered', (_, text, reason) => {
    const framer = new StreamFramer();
    const [unit, ...more] = feed(framer, Buffer.from(text + requestText()));
    expect(unit?.kind === 'broken' && unit.error.message).toContain(reason);
    expect(unit?.kind === 'broken' && unit.message?.callId).toBe('c1');
    expect(more).toEqual([]);
    expect(feed(framer, Buffer.from(requestText()))).toEqual([]);
  });

  test('a head without an end breaks the stream at the limit', () => {
    const units = feed(new StreamFramer(), ...Array.from({ length: 20 }, () => Buffer.alloc(4_096, 'a')));
    expect(units.map(describeUnit)).toEqual(['broken head above 65535']);
  });

  test('what is no SIP breaks the stream', () => {
    expect(feed(new StreamFramer(), Buffer.from('GET / HTTP/1.1\r\n\r\n')).map((unit) => unit.kind)).toEqual([
      'broken',
    ]);
  });
});
