import {
  CallId,
  defaultTenant,
  DIRECT_MEDIA,
  type MediaFamily,
  type MediaNetwork,
  MediaNodeId,
} from '@callweave/contracts';
import { expect, test } from 'vitest';
import { type Media } from '../src/call/call-ports.ts';
import { mediaOf, type MediaPolicy } from '../src/call/direct-media.ts';
import { type Place } from '../src/call/place.ts';
import { createLegId } from '../src/leg/leg-id.ts';

const node = MediaNodeId.parse('192.0.2.7:2223@1');
const phone = 'v=0\r\nm=audio 4000 RTP/AVP 0\r\n';
const browser = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n';
const at = (side?: MediaNetwork, family?: MediaFamily): Place => ({ side, family });
const anchored = { kind: 'anchored', sdp: 'anchored', node } as const;
const [fromLeg, toLeg] = [createLegId(), createLegId()];
const about = { tenant: defaultTenant, callId: CallId.parse('01HF7YAT000000000000000000'), fromLeg };

function mediaWith(policy: MediaPolicy): { media: Media; asked: string[] } {
  const asked: string[] = [];
  const anchoring: Media = {
    offer: (question) => {
      asked.push(`offer ${question.node ?? 'anywhere'}`);
      return Promise.resolve(anchored);
    },
    answer: (question) => {
      asked.push(`answer ${question.node}`);
      return Promise.resolve(anchored);
    },
    release: (_tenant, _callId, where) => {
      asked.push(`release ${where ?? 'anywhere'}`);
      return Promise.resolve(undefined);
    },
  };
  return { media: mediaOf(policy, anchoring), asked };
}

const first = { ...about, branch: toLeg, profile: 'rtp' } as const;

test('media of two phones goes from one to the other, and no node hears of it', async () => {
  const { media, asked } = mediaWith('direct');
  expect(await media.offer({ ...first, sdp: phone })).toEqual({ kind: 'anchored', sdp: phone, node: DIRECT_MEDIA });
  const answer = { ...about, toLeg, sdp: phone, profile: 'rtp', node: DIRECT_MEDIA } as const;
  expect(await media.answer(answer)).toEqual({ kind: 'anchored', sdp: phone, node: DIRECT_MEDIA });
  await media.release(about.tenant, about.callId, DIRECT_MEDIA);
  expect(asked).toEqual([]);
});

test('two browsers settle their media among themselves, too', async () => {
  const { media, asked } = mediaWith('direct');
  expect(await media.offer({ ...first, sdp: browser, profile: 'webrtc' })).toMatchObject({ sdp: browser });
  expect(asked).toEqual([]);
});

test.each([
  ['a phone calls a browser', { sdp: phone, profile: 'webrtc' }],
  ['a browser calls a phone', { sdp: browser, profile: 'rtp' }],
  ['the two are on different sides', { sdp: phone, profile: 'rtp', places: { from: at('public'), to: at('private') } }],
  [
    'the two have addresses of different families',
    { sdp: phone, profile: 'rtp', places: { from: at(undefined, 'ipv6'), to: at(undefined, 'ipv4') } },
  ],
] as const)('media is anchored where they cannot reach or understand each other: %s', async (_what, offer) => {
  const { media, asked } = mediaWith('direct');
  expect(await media.offer({ ...first, ...offer })).toEqual(anchored);
  expect(asked).toEqual(['offer anywhere']);
});

test('a browser that is called after a phone that had direct media is anchored', async () => {
  const { media, asked } = mediaWith('direct');
  await media.offer({ ...first, sdp: phone, profile: 'webrtc', node: DIRECT_MEDIA });
  expect(asked).toEqual(['offer anywhere']);
});

test('who talks directly cannot change to media that the other does not understand', async () => {
  const { media } = mediaWith('direct');
  const change = { ...about, toLeg, sdp: browser, profile: 'rtp', node: DIRECT_MEDIA } as const;
  expect(await media.offer(change)).toMatchObject({ kind: 'unusable' });
});

test('a call stays as it has begun at an edge with the other policy', async () => {
  const { media: anchoring, asked: none } = mediaWith('anchored');
  const change = { ...about, toLeg, sdp: phone, profile: 'rtp' } as const;
  expect(await anchoring.offer({ ...change, node: DIRECT_MEDIA })).toMatchObject({ node: DIRECT_MEDIA });
  await anchoring.release(about.tenant, about.callId, DIRECT_MEDIA);
  expect(none).toEqual([]);

  const { media: direct, asked } = mediaWith('direct');
  await direct.offer({ ...change, node });
  await direct.answer({ ...change, node });
  await direct.release(about.tenant, about.callId, node);
  await direct.release(about.tenant, about.callId, undefined);
  expect(asked).toEqual([`offer ${node}`, `answer ${node}`, `release ${node}`, 'release anywhere']);
});

test('unless said otherwise media is anchored', async () => {
  const { media, asked } = mediaWith('anchored');
  expect(await media.offer({ ...first, sdp: phone })).toEqual(anchored);
  expect(asked).toEqual(['offer anywhere']);
});
