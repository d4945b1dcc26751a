import {
  answerChallenge,
  computeHa1,
  computeResponse,
  type DigestAlgorithm,
  digestAlgorithms,
  parseDigestChallenge,
  parseDigestCredentials,
  serializeChallenge,
  serializeCredentials,
  SipSyntaxError,
  verifyDigest,
} from '@callweave/sip';
import { describe, expect, test } from 'vitest';

describe('digest authentication, RFC 7616 and RFC 8760', () => {
  // The vectors of RFC 7616 §3.9.1.
  test.each<[DigestAlgorithm, string]>([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('%s gives the response of the standard', (algorithm, expected) => {
    const ha1 = computeHa1(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life');
    const response = computeResponse({
      algorithm,
      ha1,
      method: 'GET',
      uri: '/dir/index.html',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
    });
    expect(response).toBe(expected);
  });

  test('without qop it is the form of RFC 2069', () => {
    // The vector of RFC 2617 errata for RFC 2069.
    const ha1 = computeHa1('MD5', 'Mufasa', 'testrealm@host.com', 'CircleOfLife');
    const fields = {
      algorithm: 'MD5',
      ha1,
      method: 'GET',
      uri: '/dir/index.html',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    } as const;
    expect(computeResponse(fields)).toBe('1949323746fe6a43ef61f9606e7febea');
  });

  const answer = { username: 'grü"ße\\', password: 'pa:ss', method: 'REGISTER', uri: 'sip:example.com', cnonce: 'c"n' };

  test.each(
    digestAlgorithms.flatMap((algorithm) =>
      [true, false].flatMap((session) => [[algorithm, session, ['auth']] as const, [algorithm, session, []] as const]),
    ),
  )('%s (session %s, qop %j): a challenge is answered, written, read and verified', (algorithm, session, qop) => {
    const realm = 'a "quoted" realm';
    const value = serializeChallenge({ realm, nonce: 'n1', algorithm, session, qop, stale: true, opaque: 'o' });
    const challenge = parseDigestChallenge(value);
    expect(challenge).toEqual({ realm, nonce: 'n1', algorithm, session, qop, stale: true, opaque: 'o' });
    const credentials = answerChallenge(challenge, answer);
    if (credentials === undefined) throw new TypeError('no answer');
    const read = parseDigestCredentials(serializeCredentials(credentials));
    expect(read).toEqual(credentials);
    const ha1 = computeHa1(algorithm, answer.username, realm, answer.password);
    expect(verifyDigest(read, { ha1, method: 'REGISTER' })).toBe(true);
    expect(verifyDigest(read, { ha1, method: 'INVITE' })).toBe(false);
    expect(verifyDigest({ ...read, uri: 'sip:other' }, { ha1, method: 'REGISTER' })).toBe(false);
    expect(verifyDigest({ ...read, response: `${read.response.slice(1)}0` }, { ha1, method: 'REGISTER' })).toBe(false);
    expect(verifyDigest({ ...read, response: '00' }, { ha1, method: 'REGISTER' })).toBe(false);
  });

  test('names and scheme are read in any case, and algorithm and qop may be quoted', () => {
    const read = parseDigestCredentials(
      'dIGEST  USERNAME = "u" ,realm="r", nonce="n",uri="sip:x",response="ABCDEF",Algorithm="md5-SESS",qop="auth",nc=0000000A,cnonce="c"',
    );
    expect(read).toMatchObject({
      username: 'u',
      response: 'abcdef',
      algorithm: 'MD5',
      session: true,
      qop: 'auth',
      nc: '0000000a',
    });
  });

  const good = 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="ab"';
  test.each([
    ['', 'digest-scheme'],
    ['Basic abc', 'digest-scheme'],
    ['Digest', 'digest-scheme'],
    [`${good}, nonce="other"`, 'digest-duplicate'],
    [`${good}, NONCE="n"`, 'digest-duplicate'],
    [good.replace('username="u", ', ''), 'digest-username'],
    [good.replace('"ab"', '"xyz"'), 'digest-response'],
    [`${good}, nc=1`, 'digest-nc'],
    [`${good}, nc=00000001x`, 'digest-nc'],
    [`${good}, opaque="open`, 'quoted-string'],
    [`${good} junk="x"`, 'digest-parameter'],
    [`${good}, =x`, 'digest-parameter'],
    [`${good}, opaque=`, 'digest-value'],
    [`${good}, x="${'y'.repeat(40_000)}"`, 'digest-length'],
  ])('%s is refused (%s)', (value, rule) => {
    expect(() => parseDigestCredentials(value)).toThrow(SipSyntaxError);
    expect(() => parseDigestCredentials(value)).toThrow(expect.objectContaining({ rule }));
  });

  test('an unknown algorithm or qop is neither answered nor accepted', () => {
    const challenge = parseDigestChallenge('Digest realm="r", nonce="n", algorithm=SHA3, qop="auth"');
    expect(challenge.algorithm).toBeUndefined();
    expect(answerChallenge(challenge, answer)).toBeUndefined();
    expect(
      answerChallenge(parseDigestChallenge('Digest realm="r", nonce="n", qop="auth-int"'), answer),
    ).toBeUndefined();
    expect(
      verifyDigest(parseDigestCredentials(`${good}, qop=auth-int, nc=00000001, cnonce="c"`), {
        ha1: 'x',
        method: 'GET',
      }),
    ).toBe(false);
  });
});
