import { withoutBrowserAttributes, withoutLastCodec } from '@callweave/sdp';
import { describe, expect, test } from 'vitest';

const sdp = (...streams: string[]): string =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...streams, ''].join('\r\n');

const audio = [
  'm=audio 40000 RTP/AVP 96 9 8 101',
  'a=rtpmap:96 opus/48000/2',
  'a=fmtp:96 useinbandfec=1',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=sendrecv',
];

describe('a description with one codec less', () => {
  test('has lost the codec its writer likes least, with all that is said of it, and keeps digits', () => {
    const wideband = audio.filter((line) => !line.includes('PCMA')).map((line) => line.replace(' 8 ', ' '));
    const once = withoutLastCodec(sdp(...wideband)) ?? '';
    expect(once).toBe(sdp('m=audio 40000 RTP/AVP 96 101', ...audio.slice(1, 3), ...audio.slice(5)));
    expect(withoutLastCodec(once)).toBeUndefined();
  });

  test('keeps to the end the one that every telephone has, wherever its writer put it', () => {
    const once = withoutLastCodec(sdp(...audio)) ?? '';
    expect(once).toBe(sdp('m=audio 40000 RTP/AVP 96 8 101', ...audio.slice(1, 3), ...audio.slice(4)));
    const twice = withoutLastCodec(once) ?? '';
    expect(twice).toBe(sdp('m=audio 40000 RTP/AVP 8 101', ...audio.slice(4)));
    expect(withoutLastCodec(twice)).toBeUndefined();
    expect(withoutLastCodec(sdp('m=audio 40000 RTP/AVP 96 9 0'))).toContain('AVP 96 0\r\n');
  });

  test('loses it in the stream that offers most', () => {
    const video = ['m=video 40002 RTP/AVP 97 98 99 100', 'a=rtpmap:97 H264/90000', 'a=rtpmap:98 VP8/90000'];
    const other = ['a=rtpmap:99 VP9/90000', 'a=rtcp-fb:99 nack pli', 'a=rtpmap:100 H263/90000'];
    const once = withoutLastCodec(sdp(...audio, ...video, ...other)) ?? '';
    expect(once).toContain('m=video 40002 RTP/AVP 97 98 99\r\n');
    expect(once).not.toContain(':100 ');
    expect(once).toContain('m=audio 40000 RTP/AVP 96 9 8 101\r\n');
  });

  test('does not exist where nothing can be spared or read', () => {
    for (const text of ['', 'v=0', sdp('m=audio 4 RTP/AVP 0'), sdp('m=application 9 UDP/DTLS/SCTP webrtc-datachannel')])
      expect(withoutLastCodec(text)).toBeUndefined();
  });
});

describe('a description without what only browsers understand', () => {
  const said = [
    'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'a=msid:stream track',
    'a=rtcp-rsize',
    'a=ssrc:2457642643 cname:7fEhtzY3KSNvHscV',
    'a=mid:0',
    'a=rtcp-fb:96 transport-cc',
  ];

  test('keeps all that is said of media', () => {
    expect(withoutBrowserAttributes(sdp(...audio, ...said))).toBe(sdp(...audio));
  });

  test('is none where nothing of that is said, where streams are bundled, and for browsers', () => {
    const bundled = sdp('a=group:BUNDLE 0', ...audio, ...said);
    const secure = sdp('m=audio 9 UDP/TLS/RTP/SAVPF 96', ...said);
    for (const text of ['', sdp(...audio), bundled, secure]) expect(withoutBrowserAttributes(text)).toBeUndefined();
  });
});
