/** Character codes the parsers look for. */
export const TAB = 9;
export const LF = 10;
export const CR = 13;
export const SPACE = 32;
export const DQUOTE = 34;
export const PERCENT = 37;
export const COMMA = 44;
export const DIGIT_0 = 48;
export const COLON = 58;
export const SEMICOLON = 59;
export const LESS = 60;
export const EQUALS = 61;
export const GREATER = 62;
export const QUESTION = 63;
export const BACKSLASH = 92;
export const OPEN_BRACKET = 91;
export const CLOSE_BRACKET = 93;

const TOKEN = 1;
const USER = 2;
const WORD = 4;
const HOST = 8;
const URI_PARAM = 16;
const HEX = 32;

const classes = classify();

/** token characters, RFC 3261 §25.1. */
export function isToken(code: number): boolean {
  return ((classes[code] ?? 0) & TOKEN) !== 0;
}

/** Characters of a user part besides escapes; also `#` and non-ASCII, which phones send unescaped. */
export function isUserChar(code: number): boolean {
  return code >= 128 || ((classes[code] ?? 0) & USER) !== 0;
}

/** word characters and "@", of which a Call-ID is made, RFC 3261 §25.1. */
export function isCallIdChar(code: number): boolean {
  return ((classes[code] ?? 0) & WORD) !== 0;
}

/** Characters of a host name; also `_`, which container platforms put into names. */
export function isHostChar(code: number): boolean {
  return ((classes[code] ?? 0) & HOST) !== 0;
}

/** paramchar besides escapes, RFC 3261 §25.1; also non-ASCII. */
export function isUriParamChar(code: number): boolean {
  return code >= 128 || ((classes[code] ?? 0) & URI_PARAM) !== 0;
}

/** A hexadecimal digit. */
export function isHex(code: number): boolean {
  return ((classes[code] ?? 0) & HEX) !== 0;
}

/** A decimal digit. */
export function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= 57;
}

/** The decimal number that the whole of `text` is; undefined when it is none. */
export function readNumber(text: string): number | undefined {
  if (text === '') return undefined;
  let number = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    number = number * 10 + code - DIGIT_0;
  }
  return number;
}

/** Space or tab. */
export function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The offset of the first character at or after `at` that is neither blank nor a line end. */
export function skipBlanks(text: string, at: number): number {
  let code = text.charCodeAt(at);
  while (isBlank(code) || code === CR || code === LF) code = text.charCodeAt(++at);
  return at;
}

/** Whether all of `text`, and at least one character, is token characters. */
export function isTokenText(text: string): boolean {
  if (text === '') return false;
  for (let i = 0; i < text.length; i++) if (!isToken(text.charCodeAt(i))) return false;
  return true;
}

/** An independent copy: a slice would keep the whole message it was cut from alive. */
export function copyText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function classify(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (chars: string, bits: number): void => {
    for (const char of chars) table[char.charCodeAt(0)] = (table[char.charCodeAt(0)] ?? 0) | bits;
  };
  const alphanum = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  add(alphanum, TOKEN | USER | WORD | HOST | URI_PARAM);
  add('0123456789abcdefABCDEF', HEX);
  add("-.!%*_+`'~", TOKEN);
  add("-_.!~*'()&=+$,;?/#", USER);
  add('-.!%*_+`\'~()<>:\\"/[]?{}@', WORD);
  add('-._', HOST);
  add("-_.!~*'()[]/:&+$", URI_PARAM);
  return table;
}
