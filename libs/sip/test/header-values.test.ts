import {
  contactExpiresSec,
  contactQ,
  formatNameAddr,
  formatVia,
  headerKey,
  headerName,
  Headers,
  parseContactList,
  parseHostPort,
  parseNameAddr,
  parseNameAddrList,
  parseVia,
  parseViaList,
  SipSyntaxError,
  withParam,
} from '@callweave/sip';
import { describe, expect, test } from 'vitest';

describe('addresses', () => {
  test.each([
    ['<sip:a@b>', undefined, 'sip:a@b', {}],
    ['"Mr. \\"X\\", <y>" <sip:a@b;lr>;tag=1', 'Mr. "X", <y>', 'sip:a@b;lr', { tag: '1' }],
    ['Bob Smith <sip:a@b> ; tag = 1 ', 'Bob Smith', 'sip:a@b', { tag: '1' }],
    ['sip:a@b;tag=1', undefined, 'sip:a@b', { tag: '1' }],
    ['tel:+1234', undefined, 'tel:+1234', {}],
    ['<sip:a@b>;TAG=x;flag', undefined, 'sip:a@b', { tag: 'x', flag: undefined }],
    [
      '<sip:a@b>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=1',
      undefined,
      'sip:a@b',
      {
        '+sip.instance': '<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>',
        'reg-id': '1',
      },
    ],
    ['<sip:a@b>;;tag=2;', undefined, 'sip:a@b', { tag: '2' }],
    ['<sip:a@b>;tag=first;tag=second', undefined, 'sip:a@b', { tag: 'first' }],
  ])('%s is read', (text, displayName, uri, params) => {
    const addr = parseNameAddr(text);
    expect({ ...addr, params: Object.fromEntries(addr.params) }).toEqual({ displayName, uri, params });
  });

  test.each([
    '',
    '<sip:a@b',
    '"open <sip:a@b>',
    '"x" sip:a@b',
    'noscheme',
    '<>',
    '<sip:a@b> junk',
    'a > b',
    '<sip:a@b>;=x',
    '<sip:a@b>;x=',
  ])('%j is refused', (text) => {
    expect(() => parseNameAddr(text)).toThrow(SipSyntaxError);
  });

  test('a list is cut at its commas, not at those inside quotes or brackets', () => {
    const list = parseNameAddrList('"a, b" <sip:a,x@b>;q=0.5 , sip:c@d;expires=5,<sip:e@f>');
    expect(list.map((addr) => addr.uri)).toEqual(['sip:a,x@b', 'sip:c@d', 'sip:e@f']);
    expect(contactQ(list[0] ?? parseNameAddr('<sip:x@y>'))).toBe(0.5);
    expect(contactExpiresSec(list[1] ?? parseNameAddr('<sip:x@y>'))).toBe(5);
  });

  test('Contact is a wildcard or a list', () => {
    expect(parseContactList(' * ')).toBe('*');
    expect(parseContactList('<sip:*@b>')).toHaveLength(1);
  });

  test('a list that is made to cost time is refused', () => {
    expect(() => parseNameAddrList(Array(1_000).fill('<sip:a@b>').join(','))).toThrow('too-many-addresses');
    expect(() => parseNameAddr(`<sip:a@b>${Array.from({ length: 100 }, (_, i) => `;p${i}`).join('')}`)).toThrow(
      'too-many-parameters',
    );
  });

  test.each([
    ['0.123', 0.123],
    ['1.000', 1],
    ['0', 0],
    ['1.1', undefined],
    ['x', undefined],
    ['-1', undefined],
  ])('a q of %s means %s', (text, q) => {
    expect(contactQ(parseNameAddr(`<sip:a@b>;q=${text}`))).toBe(q);
  });

  test('an address survives writing and reading', () => {
    const addr = withParam(parseNameAddr('"A \\"B\\"" <sip:a@b>;x="y z"'), 'tag', 't');
    const text = formatNameAddr(addr);
    expect(text).toBe('"A \\"B\\"" <sip:a@b>;x="y z";tag=t');
    expect(parseNameAddr(text)).toEqual(addr);
  });
});

describe('Via, RFC 3261 §20.42', () => {
  test.each([
    ['SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport', 'UDP', '192.0.2.1', 5060, 'z9hG4bK1'],
    [
      'SIP / 2.0 / tcp   first.example.com: 4000;ttl=16 ;branch = z9hG4bKa7c6a8dlze.1',
      'TCP',
      'first.example.com',
      4000,
      'z9hG4bKa7c6a8dlze.1',
    ],
    [
      'SIP/2.0/WSS df7jal23ls0d.invalid ;branch=z9hG4bK56sdasks',
      'WSS',
      'df7jal23ls0d.invalid',
      undefined,
      'z9hG4bK56sdasks',
    ],
    ['SIP/2.0/TLS [2001:db8::9:1] : 5061;branch=z', 'TLS', '[2001:db8::9:1]', 5061, 'z'],
  ])('%s is read', (text, transport, host, port, branch) => {
    const via = parseVia(text);
    expect([via.transport, via.host, via.port, via.params.get('branch')]).toEqual([transport, host, port, branch]);
  });

  test.each([
    '',
    'SIP/2.0/UDP',
    'SIP//UDP a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDP a:x',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP a,',
  ])('%j is refused', (text) => {
    expect(() => parseViaList(text)).toThrow(SipSyntaxError);
  });

  test('a list keeps its order, and an address of version 6 its brackets', () => {
    const list = parseViaList('SIP/2.0/UDP [::1]:5060;branch=a;received=::1, SIP/2.0/TCP b;branch="x,y"');
    expect(list.map(formatVia)).toEqual([
      'SIP/2.0/UDP [::1]:5060;branch=a;received="::1"',
      'SIP/2.0/TCP b;branch="x,y"',
    ]);
  });
});

describe('headers', () => {
  test('compact and odd spellings find the same line, and each line keeps its own', () => {
    const headers = new Headers(['v', 'VIA', 'm', 'X-Thing'], ['1', '2', '3', '4']);
    expect(headers.all('Via')).toEqual(['1', '2']);
    expect(headers.joined('via')).toBe('1, 2');
    expect([headers.get('Contact'), headers.get('x-thing'), headers.get('From')]).toEqual(['3', '4', undefined]);
    expect(headers.toText()).toBe('v: 1\r\nVIA: 2\r\nm: 3\r\nX-Thing: 4\r\n');
  });

  test('set, prepend, remove keep the order of the rest', () => {
    const headers = new Headers(['Via', 'To', 'Via'], ['1', '2', '3']);
    headers.prepend('Via', '0');
    headers.set('Subject', 'x');
    headers.removeFirst('Via');
    headers.set('Via', '9');
    headers.remove('To');
    expect([...headers]).toEqual([
      ['Via', '9'],
      ['Subject', 'x'],
    ]);
    expect(headers.revision).toBeGreaterThan(0);
  });

  test.each([
    ['i', 'Call-ID'],
    ['www-authenticate', 'WWW-Authenticate'],
    ['foo-bar', 'Foo-Bar'],
    ['CSEQ', 'CSeq'],
  ])('%s is usually spelt %s', (name, usual) => {
    expect(headerName(name)).toBe(usual);
    expect(headerKey(usual)).toBe(headerKey(name));
  });

  test('host and port say where they end', () => {
    expect(parseHostPort('x sip.example.com:5061;y', 2)).toEqual({ host: 'sip.example.com', port: 5061, end: 22 });
  });
});
