import { answerOffer, type LocalAudio, makeOffer, readAnswer, SdpError } from '@callweave/sdp';
import { describe, expect, test } from 'vitest';

const local: LocalAudio = {
  address: '192.0.2.9',
  port: 30_000,
  codecs: ['PCMU', 'PCMA'],
  sessionId: 7,
  sessionVersion: 2,
};

/** A description as phones write it. */
function sdp(lines: readonly string[], { connection = 'c=IN IP4 192.0.2.1' } = {}): string {
  return ['v=0', 'o=phone 1 1 IN IP4 192.0.2.1', 's=-', connection, 't=0 0', ...lines, ''].join('\r\n');
}

const usual = sdp([
  'm=audio 4000 RTP/AVP 8 0 96',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:96 telephone-event/8000',
  'a=fmtp:96 0-16',
]);

describe('an offer', () => {
  test('is answered with its first codec of ours and its number for digits', () => {
    const { agreed, answer } = answerOffer(usual, local);
    expect(agreed).toEqual({
      codec: { name: 'PCMA', payloadType: 8 },
      telephoneEvent: 96,
      remote: { address: '192.0.2.1', port: 4_000 },
      direction: 'sendrecv',
    });
    expect(answer.split('\r\n')).toEqual([
      'v=0',
      'o=- 7 2 IN IP4 192.0.2.9',
      's=callweave',
      'c=IN IP4 192.0.2.9',
      't=0 0',
      'm=audio 30000 RTP/AVP 8 96',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:96 telephone-event/8000',
      'a=fmtp:96 0-15',
      'a=ptime:20',
      'a=sendrecv',
      '',
    ]);
  });

  test('without digits is answered without digits', () => {
    const { agreed, answer } = answerOffer(sdp(['m=audio 4000 RTP/AVP 18 0']), local);
    expect(agreed).toMatchObject({ codec: { name: 'PCMU', payloadType: 0 }, telephoneEvent: undefined });
    expect(answer).toContain('m=audio 30000 RTP/AVP 0\r\n');
  });

  test('may give a codec of ours a number of its own, or our number to another codec', () => {
    const offer = sdp(['m=audio 4000 RTP/AVP 0 97', 'a=rtpmap:0 G729/8000', 'a=rtpmap:97 pcma/8000/1']);
    expect(answerOffer(offer, local).agreed.codec).toEqual({ name: 'PCMA', payloadType: 97 });
  });

  test('of several streams gets an answer for each, and only one is taken', () => {
    const offer = sdp([
      'm=video 4002 RTP/AVP 97',
      'm=audio 4004 RTP/SAVP 0',
      'm=audio 4000 RTP/AVP 0',
      'c=IN IP4 192.0.2.77',
      'm=audio 4006 RTP/AVP 8',
    ]);
    const { agreed, answer } = answerOffer(offer, local);
    expect(agreed.remote).toEqual({ address: '192.0.2.77', port: 4_000 });
    expect(answer.split('\r\n').filter((line) => line.startsWith('m='))).toEqual([
      'm=video 0 RTP/AVP 97',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 30000 RTP/AVP 0',
      'm=audio 0 RTP/AVP 8',
    ]);
  });

  test.each([
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['inactive', 'inactive'],
  ])('that is %s is answered %s', (offered, answered) => {
    for (const offer of [
      sdp(['m=audio 4000 RTP/AVP 0', `a=${offered}`]),
      sdp([`a=${offered}`, 'm=audio 4000 RTP/AVP 0']),
    ]) {
      const { agreed, answer } = answerOffer(offer, local);
      expect(agreed.direction).toBe(answered);
      expect(answer).toContain(`a=${answered}\r\n`);
    }
  });

  test('with the address 0.0.0.0 wants no media', () => {
    const offer = sdp(['m=audio 4000 RTP/AVP 0'], { connection: 'c=IN IP4 0.0.0.0' });
    expect(answerOffer(offer, local).agreed.remote).toBeUndefined();
  });

  test.each([
    ['no codec in common', sdp(['m=audio 4000 RTP/AVP 18', 'a=rtpmap:18 G729/8000'])],
    ['a wide band only', sdp(['m=audio 4000 RTP/AVP 96', 'a=rtpmap:96 PCMU/16000'])],
    ['encryption only', sdp(['m=audio 4000 RTP/SAVP 0'])],
    ['no audio', sdp(['m=video 4000 RTP/AVP 96'])],
    ['no streams', sdp([])],
    ['its audio refused', sdp(['m=audio 0 RTP/AVP 0'])],
    ['an IPv6 address', sdp(['m=audio 4000 RTP/AVP 0'], { connection: 'c=IN IP6 2001:db8::1' })],
    ['a name for an address', sdp(['m=audio 4000 RTP/AVP 0'], { connection: 'c=IN IP4 phone.example.com' })],
  ])('with %s deserves a 488', (_what, offer) => {
    expect(() => answerOffer(offer, local)).toThrow(expect.objectContaining({ status: 488 }));
  });

  test.each([
    ['nothing', ''],
    ['another protocol', '<xml/>'],
    ['no origin', 'v=0\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['no address', sdp(['m=audio 4000 RTP/AVP 0'], { connection: 'b=AS:64' })],
    ['a stream that is no stream', sdp(['m=audio RTP/AVP 0'])],
    ['a port that is none', sdp(['m=audio 70000 RTP/AVP 0'])],
    ['hundreds of streams', sdp(Array.from({ length: 300 }, () => 'm=audio 4000 RTP/AVP 0'))],
    ['100 kB', sdp(Array.from({ length: 5_000 }, () => 'a=x:0123456789abcdef'))],
  ])('of %s deserves a 400', (_what, offer) => {
    expect(() => answerOffer(offer, local)).toThrow(expect.objectContaining({ status: 400, code: 'SDP_SYNTAX' }));
  });

  test('cut off anywhere is answered or refused with a typed error', () => {
    for (let length = 0; length < usual.length; length++) {
      try {
        expect(answerOffer(usual.slice(0, length), local).answer).toContain('m=audio');
      } catch (error) {
        expect(error).toBeInstanceOf(SdpError);
      }
    }
  });
});

describe('our own offer', () => {
  test('names everything we speak, and its answer decides', () => {
    const offer = makeOffer(local);
    expect(offer).toContain('m=audio 30000 RTP/AVP 0 8 101\r\n');
    const phone: LocalAudio = { ...local, address: '192.0.2.1', port: 4_000, codecs: ['PCMA'] };
    const { answer } = answerOffer(offer, phone);
    expect(readAnswer(answer, local)).toEqual({
      codec: { name: 'PCMA', payloadType: 8 },
      telephoneEvent: 101,
      remote: { address: '192.0.2.1', port: 4_000 },
      direction: 'sendrecv',
    });
  });

  test('refused by its answer is told so', () => {
    expect(() => readAnswer(sdp(['m=audio 0 RTP/AVP 0']), local)).toThrow(expect.objectContaining({ status: 488 }));
  });
});
