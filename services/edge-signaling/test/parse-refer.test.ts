import { MAX_USER_BYTES } from '@callweave/contracts';
import { type IncomingRequest } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { parseRefer } from '../src/transfer/parse-refer.ts';
import { parseReplaces } from '../src/transfer/replaces.ts';
import { fakeRequest } from './fake-call.ts';

function refer(headers: Readonly<Record<string, string>>): IncomingRequest {
  const request = fakeRequest('REFER', () => undefined);
  return { ...request, header: (name) => headers[name] ?? request.header(name) };
}

describe('a REFER says', () => {
  test('whom to call, and that its sender wants to be told', () => {
    expect(parseRefer(refer({ 'refer-to': '"Carol" <sip:ca%72ol@d;transport=tcp;method=INVITE>' }))).toEqual({
      kind: 'referral',
      referral: { dialled: 'carol', to: '<sip:ca%72ol@d>', replaces: undefined, isSubscribed: true, id: 1 },
    });
  });

  test('a number, and that its sender wants no news', () => {
    const parsed = parseRefer(refer({ 'refer-to': 'tel:+4930123', 'refer-sub': 'false', require: 'norefersub' }));
    expect(parsed).toMatchObject({ referral: { dialled: '+4930123', isSubscribed: false } });
  });

  test('whose dialog is meant', () => {
    const to = '<sip:carol@d?Subject=x&Replaces=a%40b%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>';
    expect(parseRefer(refer({ 'refer-to': to }))).toMatchObject({
      referral: { replaces: { callId: 'a@b', toTag: 'ours', fromTag: 'theirs', isEarlyOnly: false } },
    });
  });
});

test.each([
  ['without anybody to call', {}, 400],
  ['with two to call', { 'refer-to': '<sip:a@d>, <sip:b@d>' }, 400],
  ['with nothing that could be read', { 'refer-to': '<sip:>' }, 400],
  ['to a page', { 'refer-to': '<https://example.org/>' }, 416],
  ['that asks for another request than INVITE', { 'refer-to': '<sip:a@d;method=BYE>' }, 501],
  ['to a name longer than any', { 'refer-to': `<sip:${'a'.repeat(MAX_USER_BYTES + 1)}@d>` }, 414],
  ['whose Replaces names no dialog', { 'refer-to': '<sip:a@d?Replaces=c>' }, 400],
  ['whose Replaces is cut off', { 'refer-to': '<sip:a@d?Replaces=c%3>' }, 400],
  ['that requires what nobody knows', { 'refer-to': '<sip:a@d>', require: 'norefersub, foo' }, 420],
])('a REFER %s is refused', (_what, headers, status) => {
  expect(parseRefer(refer(headers))).toMatchObject({ kind: 'refuse', reply: { status } });
});

test('a Replaces header names one dialog by its three parts, in any order, and may want it only while it rings', () => {
  const dialog = { callId: '98732@s', toTag: 'r33', fromTag: 'f44' };
  expect(parseReplaces('98732@s;from-tag=f44;to-tag=r33')).toEqual({ ...dialog, isEarlyOnly: false });
  expect(parseReplaces('98732@s ; To-Tag = r33;from-tag=f44;early-only;x=y')).toEqual({ ...dialog, isEarlyOnly: true });
});

test.each(['', 'c', 'c;to-tag=a', 'c;to-tag=;from-tag=b', 'c;to-tag=a;to-tag=b;from-tag=c', 'c;to-tag=a;from-tag=b,d'])(
  'a Replaces header of "%s" names none',
  (text) => {
    expect(parseReplaces(text)).toBeUndefined();
  },
);
