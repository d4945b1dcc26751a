import { isHold } from '@callweave/sdp';
import { expect, test } from 'vitest';

const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n';
const audio = 'm=audio 4000 RTP/AVP 0\r\n';

test.each([
  ['that listens', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\n', audio, false],
  ['that only sends', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\n', `${audio}a=sendonly\r\n`, true],
  ['that only listens', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\n', `${audio}a=recvonly\r\n`, false],
  ['whose session is inactive', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\na=inactive\r\n', audio, true],
  ['with the address of an old hold', 'c=IN IP4 0.0.0.0\r\nt=0 0\r\n', audio, true],
  ['with that address in its stream', 't=0 0\r\n', `${audio}c=IN IP4 0.0.0.0\r\n`, true],
  ['of a browser without an address yet', 't=0 0\r\n', 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n', false],
  ['that listens on one of two', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\n', `${audio}a=sendonly\r\n${audio}`, false],
  ['without any stream in use', 'c=IN IP4 192.0.2.1\r\nt=0 0\r\n', 'm=audio 0 RTP/AVP 0\r\na=inactive\r\n', false],
])('a description %s: the other is on hold or not', (_which, session, streams, held) => {
  expect(isHold(head + session + streams)).toBe(held);
});

test('a description that cannot be read keeps nobody on hold', () => {
  expect(isHold('not a description')).toBe(false);
});
