import { expect, describe, test } from 'vitest';
import { CommandReader, type EslCommand } from '../src/control/command-reader.ts';

const stream = Buffer.from(
  '\r\n\nauth ClueCon\n\n' +
    'sendmsg 1\nexecute-app-name: playback\nexecute-app-arg: \ncall-command: execute\n\n' +
    'api version\r\n\r\n' +
    'sendevent X\nContent-Length: 6\n\nä\n\nabexit\n\n',
);

const wanted = [
  { line: 'auth ClueCon', headers: {}, body: '' },
  {
    line: 'sendmsg 1',
    headers: { 'execute-app-name': 'playback', 'execute-app-arg': '', 'call-command': 'execute' },
    body: '',
  },
  { line: 'api version', headers: {}, body: '' },
  { line: 'sendevent X', headers: { 'content-length': '6' }, body: 'ä\n\nab' },
  { line: 'exit', headers: {}, body: '' },
];

/** Everything read of `chunks`. */
function read(chunks: readonly Buffer[]): unknown[] {
  const reader = new CommandReader();
  const found: EslCommand[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let command = reader.next(); command !== undefined; command = reader.next()) found.push(command);
  }
  return found.map(({ line, headers, body }) => ({ line, headers: Object.fromEntries(headers), body }));
}

describe('commands of the event socket', () => {
  test('are the same whole, cut in two anywhere, and byte by byte', () => {
    expect(read([stream])).toEqual(wanted);
    for (let at = 1; at < stream.length; at++) {
      expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(wanted);
    }
    expect(read(Array.from(stream, (byte) => Buffer.of(byte)))).toEqual(wanted);
  });

  test.each([
    ['a line without end', 'x'.repeat(70_000)],
    ['a head without end', 'a: b\n'.repeat(20_000)],
    ['hundreds of headers', `api x\n${'a: b\n'.repeat(300)}\n`],
    ['a length that is no number', 'api x\nContent-Length: -1\n\n'],
    ['a length of a gigabyte', 'api x\nContent-Length: 999999999\n\n'],
  ])('of %s are refused', (_what, text) => {
    expect(() => read([Buffer.from(text)])).toThrow(expect.objectContaining({ code: 'ESL_FRAMING' }));
  });
});
