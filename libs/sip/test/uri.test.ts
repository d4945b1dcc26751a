import { decodeUser, encodeUser, formatUri, parseUri, SipSyntaxError, uriEquals } from '@callweave/sip';
import { describe, expect, test } from 'vitest';

describe('URIs, RFC 3261 §19.1', () => {
  test.each([
    ['sip:alice@atlanta.com', { user: 'alice', host: 'atlanta.com', port: undefined }],
    ['sip:alice:secret@atlanta.com;transport=tcp', { user: 'alice', password: 'secret', host: 'atlanta.com' }],
    ['sips:1212@gateway.com:5061', { scheme: 'sips', user: '1212', port: 5061 }],
    ['SIP:Alice@ATLANTA.com', { user: 'Alice', host: 'atlanta.com' }],
    ['sip:+1-212-555-1212;phone-context=x@gw.com;user=phone', { user: '+1-212-555-1212;phone-context=x' }],
    ['sip:[2001:db8::10]:5070', { host: '[2001:db8::10]', port: 5070, user: undefined }],
    ['sip:a;b?c/d&e=f$g,h@example.com', { user: 'a;b?c/d&e=f$g,h' }],
    ['sip:*97#@example.com', { user: '*97#' }],
    ['sip:my_host', { host: 'my_host' }],
    ['sip:gr\u00fc\u00dfe@example.com', { user: 'gr\u00fc\u00dfe' }],
    ['sip:a@b?subject=x&to=y', { headers: 'subject=x&to=y' }],
  ])('%s is read', (text, expected) => {
    expect(parseUri(text)).toMatchObject({ kind: 'sip', ...expected });
  });

  test.each([
    ['', 'uri-scheme'],
    ['alice', 'uri-scheme'],
    [':x', 'uri-scheme'],
    ['sip:', 'host'],
    ['sip:@host', 'user'],
    ['sip:@@bad uri', 'uri'],
    ['sip:a b@host', 'uri'],
    ['<sip:a@host>', 'uri'],
    ['sip:a%2@host', 'escape'],
    ['sip:a%zz@host', 'escape'],
    ['sip:a@host:70000', 'port'],
    ['sip:a@host:', 'port'],
    ['sip:a@[::1', 'ipv6-reference'],
    ['sip:a@host;x=\u0001', 'uri'],
    ['sip:a@ho<st', 'uri'],
    ['tel:', 'tel-number'],
    ['tel:12x4', 'tel-number'],
    ['1x:abc', 'uri-scheme'],
    ['urn:', 'uri'],
  ])('%j is refused, naming the rule %s and not the text', (text, rule) => {
    const attempt = (): unknown => parseUri(text);
    expect(attempt).toThrow(SipSyntaxError);
    expect(attempt).toThrow(expect.objectContaining({ rule, code: 'SIP_SYNTAX' }));
  });

  test('tel and other URIs are read', () => {
    expect(parseUri('tel:+1-201-555-0123;phone-context=x')).toMatchObject({ kind: 'tel', number: '+1-201-555-0123' });
    expect(parseUri('urn:service:sos')).toEqual({ kind: 'other', scheme: 'urn', rest: 'service:sos' });
  });

  test.each([
    'sip:alice:pw@atlanta.com:5060;transport=tcp;lr?subject=x',
    'sips:[2001:db8::1]:5061;lr',
    'tel:+1;phone-context=example.com',
    'urn:service:sos',
  ])('%s survives reading and writing', (text) => {
    expect(formatUri(parseUri(text))).toBe(text);
  });

  // The examples of RFC 3261 §19.1.4.
  test.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp', true],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5', true],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on', true],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
      true,
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
      true,
    ],
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp', false],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting', false],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off', false],
    ['sip:bob@biloxi.com', 'sips:bob@biloxi.com', false],
    ['tel:+1-201-555', 'tel:+1201555', true],
    ['tel:+1201555', 'tel:+1201556', false],
    ['urn:a:b', 'urn:a:b', true],
  ])('%s and %s are equivalent: %s', (a, b, same) => {
    expect(uriEquals(parseUri(a), parseUri(b))).toBe(same);
    expect(uriEquals(parseUri(b), parseUri(a))).toBe(same);
  });

  test.each(['alice', '.', '*', '>', 'a b', 'grüße', '😀', '100%', '@', 'a;b', 'u'.repeat(8_192)])(
    'the user %j survives escaping',
    (user) => {
      const uri = parseUri(`sip:${encodeUser(user)}@example.com`);
      expect(uri.kind === 'sip' && decodeUser(uri.user ?? '')).toBe(user);
    },
  );

  test('an escape that is not UTF-8 is left as written', () => {
    expect(decodeUser('a%FFb')).toBe('a%FFb');
  });
});
