import { type Binding, EpochMs, FlowToken, InstanceId, User } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { profileOfSdp } from '../src/call/media-profile.ts';
import { userTargets } from '../src/call/targets.ts';
import { openFlow, sealFlow } from '../src/flow-token.ts';

const here = InstanceId.parse('aaaaaaaaaaaaaaaa');
const elsewhere = InstanceId.parse('bbbbbbbbbbbbbbbb');
const key = new Uint8Array(32);
const seen = '203.0.113.9:40000';

function binding(transport: string, more: Partial<Binding> = {}, instance = here): Binding {
  return {
    contact: `sip:${transport}@10.0.0.5`,
    ...{
      q: 1,
      expiresAt: EpochMs.parse(0),
      callId: 'r',
      cseq: 1,
      edge: instance,
      path: [],
      told: 'added',
      sequence: 1,
    },
    flow: sealFlow({ instance, transport, local: '198.51.100.1:5060', remote: seen }, key),
    ...more,
  };
}

function reached(...bindings: Binding[]): string[] {
  const flows = { open: (token: FlowToken) => openFlow(token, key), instance: () => here };
  const targets = userTargets({ kind: 'user', user: User.parse('b'), ringSec: 30 }, bindings, flows);
  return targets
    .flat()
    .map(({ uri, nextHop, edge, profile }) =>
      [`${uri} by ${nextHop ?? 'its contact'} as ${profile}`, ...(edge === undefined ? [] : ['of', edge])].join(' '),
    );
}

test('a device is reached at its contact, or where it was seen; a browser by its connection and with its media', () => {
  expect(
    reached(
      binding('udp'),
      binding('udp', { received: seen }),
      binding('tcp', { received: seen }),
      binding('ws', { received: seen }),
      binding('wss', { received: seen }),
      binding('udp', { received: seen, flow: FlowToken.parse('unreadable') }),
    ),
  ).toEqual([
    'sip:udp@10.0.0.5 by its contact as rtp',
    `sip:udp@10.0.0.5 by sip:${seen} as rtp`,
    `sip:tcp@10.0.0.5 by sip:${seen};transport=tcp as rtp`,
    `sip:ws@10.0.0.5 by sip:${seen};transport=ws as webrtc`,
    `sip:wss@10.0.0.5 by sip:${seen};transport=wss as webrtc`,
    `sip:udp@10.0.0.5 by sip:${seen} as rtp`,
  ]);
});

test('a device that registered by proxies is reached by them, wherever they were seen', () => {
  const path = ['<sip:p1@192.0.2.7:5062;lr;received=sip:203.0.113.9:4000>', '<sip:p2.example.org;lr>'];
  const flows = { open: (token: FlowToken) => openFlow(token, key), instance: () => here };
  const ofBob = { kind: 'user', user: User.parse('b'), ringSec: 30 } as const;
  const [[target] = []] = userTargets(ofBob, [binding('udp', { path })], flows);
  expect(target).toMatchObject({
    uri: 'sip:udp@10.0.0.5',
    nextHop: 'sip:p1@192.0.2.7:5062;lr;received=sip:203.0.113.9:4000',
    headers: { Route: path.join(', ') },
    profile: 'rtp',
  });
  const browser = binding('udp', { path, contact: 'sip:x@y.invalid;transport=ws' });
  expect(userTargets(ofBob, [browser], flows)[0]?.[0]?.profile).toBe('webrtc');
});

test('a device behind NAT is reached by the edge that has its connection; anybody may use its address', () => {
  const there = (transport: string, more: Partial<Binding> = {}): Binding => binding(transport, more, elsewhere);
  expect(
    reached(
      there('ws', { received: seen }),
      there('tcp', { received: seen }),
      there('tcp'),
      there('udp', { received: seen }),
    ),
  ).toEqual([
    `sip:ws@10.0.0.5 by sip:${seen};transport=ws as webrtc of ${elsewhere}`,
    `sip:tcp@10.0.0.5 by sip:${seen};transport=tcp as rtp of ${elsewhere}`,
    'sip:tcp@10.0.0.5 by its contact as rtp',
    `sip:udp@10.0.0.5 by sip:${seen} as rtp`,
  ]);
});

test('devices of one q-value are called at once, no more than ten; those of a lower one after them', () => {
  const flows = { open: (token: FlowToken) => openFlow(token, key), instance: () => here };
  const user = { kind: 'user', user: User.parse('b'), ringSec: 30 } as const;
  const qs = [0.5, 1, 0.5, ...Array.from({ length: 12 }, () => 0.1)];
  const groups = userTargets(
    user,
    qs.map((q) => binding('udp', { q, contact: `sip:${String(q)}@10.0.0.5` })),
    flows,
  );
  expect(groups.map((group) => group.map(({ uri }) => uri))).toEqual([
    ['sip:1@10.0.0.5'],
    ['sip:0.5@10.0.0.5', 'sip:0.5@10.0.0.5'],
    Array.from({ length: 10 }, () => 'sip:0.1@10.0.0.5'),
    ['sip:0.1@10.0.0.5', 'sip:0.1@10.0.0.5'],
  ]);
});

test.each([
  ['UDP/TLS/RTP/SAVPF', 'webrtc'],
  ['UDP/TLS/RTP/SAVP', 'webrtc'],
  ['RTP/SAVP', 'rtp'],
  ['RTP/AVP', 'rtp'],
])('whoever offers %s is answered as %s', (protocol, profile) => {
  expect(profileOfSdp(`v=0\r\nt=0 0\r\nm=audio 9 ${protocol} 0\r\n`)).toBe(profile);
});
