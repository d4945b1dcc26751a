import { type Chance } from './chance.ts';

/** What parsers of text stumble over. */
const PIECES = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\0',
    ' ',
    '\t',
    '\r\n ',
    '\r\n\r\n',
    ':',
    ';',
    ',',
    '=',
    '"',
    '\\',
    '<',
    '>',
    '@',
    '?',
    '#',
    '|',
  ],
  ...[
    '%',
    '%00',
    '[',
    ']',
    '-1',
    '0',
    '4294967296',
    '99999999999999999999',
    '\u00ff',
    '\u0080',
    'SIP/2.0',
    '1#',
    '20#a|sip|',
  ],
] as [string, ...string[]];

/** Longer than this nothing new is found, only time lost. */
const MAX_BYTES = 20_000;

/** The same bytes with some of them changed, gone, repeated, or taken from another message. */
export function mutate(bytes: Buffer, other: Buffer, chance: Chance): Buffer {
  let mutated = bytes;
  for (let left = 1 + chance.int(6); left > 0; left--) mutated = change(mutated, other, chance);
  return mutated.subarray(0, MAX_BYTES);
}

function change(bytes: Buffer, other: Buffer, chance: Chance): Buffer {
  const at = chance.int(bytes.length + 1);
  const length = chance.int(Math.min(40, bytes.length - at + 1));
  const [before, cut, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  switch (chance.int(6)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, Buffer.from([chance.int(256)]), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([before, Buffer.from(chance.pick(PIECES), 'latin1'), cut, after]);
    case 3:
      return Buffer.concat([
        before,
        ...Array.from({ length: chance.int(chance.once(20) ? 400 : 4) }, () => cut),
        after,
      ]);
    case 4:
      return Buffer.concat([before, other.subarray(chance.int(other.length + 1)), chance.once(2) ? after : cut]);
    default:
      return before;
  }
}
