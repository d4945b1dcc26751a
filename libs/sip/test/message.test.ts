import {
  decodeUtf8,
  encodeUtf8,
  headerName,
  parseMessage,
  responseTo,
  serializeMessage,
  SipLimitError,
  SipSyntaxError,
} from '@callweave/sip';
import { buildRequest, corpus, requestText } from '@callweave/sip/testing';
import { describe, expect, test } from 'vitest';

const parse = (text: string) => parseMessage(Buffer.from(text));

describe('a datagram', () => {
  test.each(corpus.map((text) => [text.slice(0, 40), text]))(
    '%j… comes back byte for byte when nothing was changed',
    (_, text) => {
      const bytes = Buffer.from(text);
      const message = parseMessage(bytes);
      expect(message.problem).toBeUndefined();
      expect(serializeMessage(message).equals(bytes)).toBe(true);
      // Every typed header of a good message reads.
      expect([message.via, message.from, message.to, message.callId, message.cseq, message.contacts]).toHaveLength(6);
    },
  );

  test('folded lines and white space anywhere are understood', () => {
    const message = parse(corpus[3] ?? '');
    expect(message.toTag).toBe('1918181833n');
    expect(message.from.displayName).toBe('J Rosenberg \\"');
    expect(message.cseq).toEqual({ number: 9, method: 'INVITE' });
    expect(message.headers.count('Via')).toBe(2);
    expect(message.headers.get('NewFangledHeader')?.replace(/ +/g, ' ')).toBe(
      'newfangled value continued newfangled value',
    );
    expect(message.body.toString()).toBe('abc');
  });

  test('a header may be called what every object has', () => {
    const keys: string[] = [];
    parse(requestText({ headers: ['constructor: one'] })).headers.forEach((_name, _value, key) => keys.push(key));
    expect(keys.at(-2)).toBe('constructor');
    expect(headerName('constructor')).toBe('Constructor');
  });

  test('empty lines before the message are ignored, and bytes after Content-Length cut off', () => {
    const message = parse(`\r\n\r\n${requestText({ body: 'abc' })}trailing`);
    expect(message.body.toString()).toBe('abc');
    expect(message.problem).toBeUndefined();
  });

  test.each([
    [
      'Content-Length above the datagram',
      requestText().replace('Content-Length: 0', 'Content-Length: 5'),
      'content-length',
    ],
    ['two different Content-Lengths', requestText({ headers: ['Content-Length: 9'] }), 'content-length'],
    ['a negative Content-Length', requestText().replace('Content-Length: 0', 'Content-Length: -1'), 'content-length'],
    ['a header without a colon', requestText({ headers: ['garbage'] }), 'header-line'],
    ['a header name with a space', requestText({ headers: ['a b: c'] }), 'header-line'],
    ['SIP/1.0', requestText().replace('SIP/2.0\r\n', 'SIP/1.0\r\n'), 'sip-version'],
    ['blanks in the request URI', requestText({ uri: 'sip:a@b; lr' }), 'request-uri'],
    ['a bracketed request URI', requestText({ uri: '<sip:a@b>' }), 'request-uri'],
    ['a bare line feed', requestText({ headers: ['X: a\nEvil: b'] }), 'line-end'],
    ['a bare carriage return', requestText({ headers: ['X: a\rEvil: b'] }), 'line-end'],
    ['a NUL', requestText({ headers: ['X: a\0b'] }), 'nul'],
  ])('%s is noted as a problem, and the rest can be read', (_, text, rule) => {
    const message = parse(text);
    expect(message.problem).toMatchObject({ rule });
    expect(message.callId).toBe('c1');
  });

  test.each([
    '',
    'hello',
    '\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'SIP/2.0 abc\r\n\r\n',
    'SIP/2.0 999 x\r\n\r\n',
    'OPTIONS sip:a@b SIP/2.0\r\nVia: x',
  ])('%j is no SIP', (text) => {
    expect(() => parse(text)).toThrow(SipSyntaxError);
  });

  test('a head with thousands of lines is refused', () => {
    expect(() => parse(requestText({ headers: Array<string>(2_000).fill('X: y') }))).toThrow(SipLimitError);
  });

  test.each([
    ['Call-ID', 'a|b', 'call-id'],
    ['Call-ID', 'a b', 'call-id'],
    ['CSeq', 'x OPTIONS', 'cseq-number'],
    ['CSeq', '2147483648 OPTIONS', 'cseq-number'],
    ['CSeq', '1', 'cseq-method'],
    ['From', '<sip:a@b>;tag="x|y"', 'tag'],
    ['To', '<sip:a@b', 'name-addr'],
  ])('a %s of %j is refused, so that no id can hold a separator', (name, value, rule) => {
    const message = buildRequest();
    message.headers.set(name, value);
    expect(() => [message.callId, message.cseq, message.fromTag, message.toTag]).toThrow(
      expect.objectContaining({ rule }),
    );
  });

  test('an 8 kB user and UTF-8 pass through', () => {
    const user = 'u'.repeat(8_192);
    expect(buildRequest({ uri: `sip:${user}@example.com` }).requestUri).toMatchObject({ user });
    const message = parse(requestText({ headers: ['Subject: grüße 😀'] }));
    expect(decodeUtf8(message.headers.get('Subject') ?? '')).toBe('grüße 😀');
    expect(encodeUtf8('grüße 😀')).toBe(message.headers.get('Subject'));
  });

  test('a change shows in typed headers and in the bytes, with a true Content-Length', () => {
    const message = buildRequest({ toTag: 'old' });
    expect(message.toTag).toBe('old');
    message.headers.set('To', '<sip:x@y>;tag=new');
    message.body = Buffer.from('ab');
    expect(message.toTag).toBe('new');
    const again = parseMessage(serializeMessage(message));
    expect([again.toTag, again.number('Content-Length'), again.body.toString()]).toEqual(['new', 2, 'ab']);
  });

  test.each(['Subject', 'SUBJECT', 'subject', 'sUBJECT', 's', 'S'])(
    'a header spelled %s is found, and written so',
    (name) => {
      const { headers } = parse(requestText({ headers: [`${name}: x`] }));
      expect([headers.get('Subject'), headers.toText().includes(`${name}: x\r\n`)]).toEqual(['x', true]);
    },
  );

  test.each(['Subjec', 'Subjects', 'Xubject'])('a header spelled %s is another one', (name) => {
    const { headers } = parse(requestText({ headers: [`${name}: x`] }));
    expect([headers.get('Subject'), headers.get(name)]).toEqual([undefined, 'x']);
  });

  test('a response takes Via, From, To, Call-ID and CSeq from its request and adds the tag once', () => {
    const request = parse(corpus[3] ?? '');
    if (request.kind !== 'request') throw new TypeError('not a request');
    const response = responseTo(request, { status: 404, toTag: 'mine' });
    expect(response.reason).toBe('Not Found');
    expect(response.headers.count('Via')).toBe(2);
    expect(response.toTag).toBe('1918181833n');
    expect(responseTo(buildRequest(), { status: 404, toTag: 'mine' }).toTag).toBe('mine');
  });
});
