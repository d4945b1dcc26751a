import { withoutLastCodec } from '@callweave/sdp';
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
    const once = withoutLastCodec(sdp(...audio)) ?? '';
    expect(once).toBe(sdp('m=audio 40000 RTP/AVP 96 9 101', ...audio.slice(1, 4), ...audio.slice(5)));
    const twice = withoutLastCodec(once) ?? '';
    expect(twice).toBe(sdp('m=audio 40000 RTP/AVP 96 101', ...audio.slice(1, 3), ...audio.slice(5)));
    expect(withoutLastCodec(twice)).toBeUndefined();
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
