import { placeholder } from '@callweave/sdp';
import { expect, test } from 'vitest';

const browser = [
  'v=0',
  'o=- 1198355789914540267 4 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=audio 42413 UDP/TLS/RTP/SAVPF 111 126',
  'c=IN IP4 192.0.2.1',
  'a=ice-ufrag:Z5d8',
  'a=fingerprint:sha-256 1B:22',
  'a=recvonly',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10',
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  '',
].join('\r\n');

test('somebody who will be asked later is offered with his codecs alone, and as nobody who is on hold', () => {
  expect(placeholder(browser, 'sendrecv').split('\r\n')).toEqual([
    'v=0',
    'o=- 1198355789914540267 4 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 RTP/AVP 111 126',
    'c=IN IP4 127.0.0.1',
    'a=sendrecv',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10',
    'm=video 0 RTP/AVP 96',
    'c=IN IP4 127.0.0.1',
    'a=sendrecv',
    '',
  ]);
});

test('somebody of whom nothing is known is offered with what everybody can do', () => {
  expect(placeholder(undefined, 'sendonly')).toContain('m=audio 9 RTP/AVP 0 8\r\nc=IN IP4 127.0.0.1\r\na=sendonly\r\n');
});
