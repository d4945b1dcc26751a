import { BencodeError, type BencodeValue, decodeBencode, encodeBencode } from '@callweave/rtpengine';
import { describe, expect, test } from 'vitest';

const decode = (text: string): BencodeValue => decodeBencode(Buffer.from(text, 'utf8'));

describe('bencode', () => {
  test.each<[BencodeValue, string]>([
    [0, 'i0e'],
    [-42, 'i-42e'],
    [Number.MAX_SAFE_INTEGER, 'i9007199254740991e'],
    ['', '0:'],
    ['spam', '4:spam'],
    ['Zoë', '4:Zoë'],
    [[], 'le'],
    [['a', 1, ['b']], 'l1:ai1el1:bee'],
    [{}, 'de'],
    [{ 'call-id': 'x', n: { m: 1 } }, 'd7:call-id1:x1:nd1:mi1eee'],
  ])('%j is written and read as %s', (value, text) => {
    expect(encodeBencode(value).toString('utf8')).toBe(text);
    expect(decode(text)).toEqual(value);
  });

  test('an entry that is undefined is not written', () => {
    expect(encodeBencode({ a: undefined, b: 1 }).toString()).toBe('d1:bi1ee');
  });

  test('a number that has no exact decimal spelling is not written', () => {
    for (const value of [0.5, NaN, Infinity, 2 ** 53]) expect(() => encodeBencode(value)).toThrow(BencodeError);
  });

  test('keys keep whatever order they come in, and none of them is special', () => {
    const value = decode('d1:b0:1:a0:9:__proto__i1ee');
    expect(Object.keys(value)).toEqual(['b', 'a', '__proto__']);
    expect(Object.getPrototypeOf(value)).toBeNull();
  });

  test.each([
    ['nothing', '', 'number'],
    ['no number', 'ie', 'number'],
    ['a leading zero', 'i01e', 'number'],
    ['minus zero', 'i-0e', 'number'],
    ['a fraction', 'i1.5e', 'number'],
    ['a number beyond 2^53', 'i9007199254740993e', 'number'],
    ['a number of many digits', `i${'9'.repeat(60_000)}e`, 'number'],
    ['a number without end', 'i12', 'number'],
    ['a negative length', '-1:a', 'number'],
    ['a length with a leading zero', '01:a', 'number'],
    ['a length beyond the end', '5:spam', 'length'],
    ['a length beyond all memory', '999999999999:a', 'length'],
    ['a list without end', 'l1:a', 'number'],
    ['a dictionary without end', 'd1:a1:b', 'number'],
    ['a key without value', 'd1:ae', 'number'],
    ['a key that is a number', 'di1e1:ae', 'number'],
    ['a key that comes twice', 'd1:a1:b1:a1:ce', 'key'],
    ['bytes left over', 'i1ei2e', 'end'],
    ['nesting without end', 'l'.repeat(60_000), 'nesting'],
    ['nesting that ends', `${'l'.repeat(40)}${'e'.repeat(40)}`, 'nesting'],
    ['text', 'hello', 'number'],
  ])('%s is refused', (_what, text, rule) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'BENCODE', rule }));
  });

  test('every cut of an answer is refused by name, never read as something else', () => {
    const whole = encodeBencode({ result: 'ok', sdp: 'v=0\r\n', totals: { RTP: { packets: 12 }, list: [1, 'é'] } });
    for (let end = 0; end < whole.length; end++) {
      expect(() => decodeBencode(whole.subarray(0, end))).toThrow(BencodeError);
    }
  });

  test('any byte changed in an answer gives a value or a refusal', () => {
    const whole = encodeBencode({ result: 'ok', sdp: 'v=0\r\n', n: [1, -2] });
    const thrown = new Set<unknown>();
    for (let at = 0; at < whole.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const damaged = Buffer.from(whole);
        damaged[at] = byte;
        try {
          decodeBencode(damaged);
        } catch (error) {
          thrown.add(error instanceof BencodeError ? 'BencodeError' : error);
        }
      }
    }
    expect([...thrown]).toEqual(['BencodeError']);
  });
});
