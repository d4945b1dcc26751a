import { serializeMessage, StreamFramer, type StreamUnit } from '@callweave/sip';
import { expect, describe, test } from 'vitest';
import { tortureMessages } from './torture/corpus.ts';

/** What a stream of these pieces holds, as text. */
function unitsIn(...pieces: readonly Buffer[]): string[] {
  const framer = new StreamFramer();
  const units: StreamUnit[] = [];
  for (const piece of pieces) {
    // The framer may not keep what it is given: a socket uses its buffer again.
    framer.push(Buffer.from(piece));
    for (let unit = framer.next(); unit !== undefined; unit = framer.next()) units.push(unit);
  }
  return units.map((unit) => {
    if (unit.kind === 'message') return serializeMessage(unit.message).toString('latin1');
    return unit.kind === 'ping' ? 'ping' : `broken ${unit.error.message}`;
  });
}

const messages = ['rfc4475-valid.txt', 'rfc4475-invalid.txt', 'rfc4475-meaning.txt', 'rfc5118.txt'].flatMap(
  tortureMessages,
);

describe.each(messages)('a stream with $name', ({ name, bytes }) => {
  const whole = unitsIn(bytes);

  test('brings it as it was written', () => {
    const text = bytes.toString('latin1');
    const isBroken = whole.some((unit) => unit.startsWith('broken'));
    // Announced longer than it is, it never ends.
    if (name === 'clerr') expect(whole).toEqual([]);
    else if (!isBroken) expect(text.startsWith(whole[0] ?? 'nothing')).toBe(true);
    else expect(['dblreq', 'ncl', 'bigcode', 'mcl01', 'inv2543']).toContain(name);
  });

  test('brings the same when it is cut in two anywhere, and byte by byte', () => {
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(unitsIn(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual(whole);
    }
    expect(unitsIn(...[...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });
});
