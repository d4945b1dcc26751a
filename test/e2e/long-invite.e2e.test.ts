import { expect, test } from 'vitest';
import { freePhonePort } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();

/** What a caller offers who knows PCMU and many codecs besides. */
const types = Array.from({ length: 28 }, (_, index) => 96 + index);
const audio = [
  `m=audio [media_port] RTP/AVP 0 ${types.join(' ')}`,
  'a=rtpmap:0 PCMU/8000',
  ...types.map((type) => `a=rtpmap:${String(type)} a-codec-of-mine-${String(type)}/8000`),
].join('\n      ');

test('an offer of many codecs, too long for a datagram, arrives at a phone in one that it understands', async () => {
  const localPort = await freePhonePort();
  const account = (name: string): string[] => sippLines(phones.platform.accounts.filter(({ user }) => user === name));
  const bob = { remote: phones.edge, calls: 1, localPort };
  expect(await runSipp({ ...bob, scenario: 'register', lines: account('bob') })).toMatchObject({ successful: 1 });
  const answering = runSipp({ ...bob, scenario: 'uas', trace: true });
  const keys = { callee: 'bob', audio };
  const caller = { remote: phones.edge, calls: 1, scenario: 'call', keys, lines: account('alice'), trace: true };
  const { errors, messages: sent, ...called } = await runSipp(caller);
  expect(called, errors).toMatchObject({ successful: 1, failed: 0 });
  const { messages: received } = await answering;
  const offered = sent.findLast(({ summary }) => summary.startsWith('INVITE'));
  expect(offered?.bytes).toBeGreaterThan(1_500);
  const arrived = received.find(({ summary }) => summary.startsWith('INVITE'));
  expect(arrived?.bytes).toBeGreaterThan(900);
  expect(arrived?.bytes).toBeLessThanOrEqual(1_300);
  expect(await phones.toldInAll()).toEqual(['initiated', 'routed', 'ringing', 'answered', 'ended']);
  const edges = phones.platform.processes().filter(({ name }) => name.startsWith('edge-signaling'));
  const saved = async (rule: string): Promise<number> =>
    (
      await Promise.all(
        edges.map(({ name }) => phones.platform.metric(name, 'callweave_edge_invite_bytes_saved', [`rule="${rule}"`])),
      )
    ).reduce((sum, bytes) => sum + bytes, 0);
  expect(await saved('codecs')).toBeGreaterThan(300);
  const unregistered = await runSipp({ ...bob, scenario: 'unregister', lines: account('bob') });
  expect(unregistered).toMatchObject({ successful: 1 });
});
