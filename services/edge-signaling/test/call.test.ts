import { MediaNodeId } from '@callweave/contracts';
import { EngineGoneError, type Reply } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { answered, edge, fakeRequest, type FakeWorld, placed, response } from './fake-call.ts';

const before = ['begun', 'told initiated', 'told routed', 'sent INVITE'];

describe('a call', () => {
  test('that is answered and hung up by the caller', async () => {
    const fake = await answered();
    await fake.fromCaller('BYE');
    await fake.settle();
    expect(fake.seen).toEqual([
      ...before,
      'told ringing',
      'caller 180',
      'sent ACK',
      'told answered',
      'kept',
      'caller 200 v=0 answered',
      'disposed',
      "caller's BYE 200",
      'sent BYE',
      'released',
      'told ended caller hang-up',
    ]);
    expect([fake.legs.size, fake.calls.size]).toEqual([0, 0]);
  });

  const toEcho: NonNullable<FakeWorld['deps']> = {
    applicationServer: () => '127.0.0.1:5090',
    router: {
      route: () => Promise.resolve({ kind: 'targets', targets: [{ kind: 'application', action: 'echo', params: {} }] }),
    },
  };

  test('takes its trace to an application and to no device', async () => {
    const device = await placed();
    expect(device.invited.map(({ request }) => request.isInternal ?? false)).toEqual([false]);
    const application = await placed({ deps: toEcho });
    expect(application.invited.map(({ request }) => request.isInternal)).toEqual([true]);
  });

  test('is told to come back when there is no application server, which a device cannot say for the platform', async () => {
    const refused = async (world: FakeWorld): Promise<Reply | undefined> => {
      const replies: Reply[] = [];
      const fake = await placed({ ...world, replied: (reply) => void replies.push(reply) });
      fake.invited[0]?.events.responded(response(503));
      await fake.settle();
      return replies.at(-1);
    };
    expect(await refused({ deps: toEcho })).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    expect(await refused({})).toMatchObject({ status: 500 });
  });

  test('that the callee hangs up sends the caller a BYE', async () => {
    const fake = await answered();
    const [established] = fake.calls.all;
    await established?.parts.callee.receive(
      fakeRequest('BYE', ({ status }) => fake.seen.push(`callee's BYE ${String(status)}`)),
    );
    await fake.settle();
    expect(fake.seen.slice(-4)).toEqual(["callee's BYE 200", 'sent BYE', 'released', 'told ended callee hang-up']);
  });

  test('that another edge has ended before is answered and hung up, and neither released nor told again', async () => {
    const fake = await answered({ endOutcome: 'lost' });
    await fake.fromCaller('BYE');
    await fake.settle();
    expect(fake.seen.slice(-2)).toEqual(["caller's BYE 200", 'sent BYE']);
    expect(fake.calls.size).toBe(0);
  });

  test('that one side does not know any more is hung up at both, and nothing of it is left', async () => {
    const fake = await answered();
    fake.calls.all[0]?.probe();
    fake.asked[0]?.events.responded(response(481));
    await fake.settle();
    expect(fake.seen.slice(-6)).toEqual([
      ...['sent OPTIONS', 'sent OPTIONS', 'sent BYE', 'sent BYE', 'released', 'told ended platform node-lost'],
    ]);
    expect([fake.legs.size, fake.calls.size]).toEqual([0, 0]);
  });

  test('that another edge has taken over is let go without a word', async () => {
    const fake = await answered();
    const before = fake.seen.length;
    fake.calls.all[0]?.supersede();
    await fake.settle();
    expect(fake.seen).toHaveLength(before);
    expect([fake.legs.size, fake.calls.size]).toEqual([0, 0]);
  });

  test('that is cancelled while it rings cancels the device and releases the media', async () => {
    const fake = await placed();
    fake.cancel();
    await fake.settle();
    expect(fake.seen).toEqual([
      ...before,
      'sent CANCEL',
      'released',
      'told failed caller cancelled',
      'abandoned',
      'disposed',
    ]);
  });

  test('whose cancellation crosses the answer acknowledges the device and hangs it up', async () => {
    const fake = await placed();
    fake.cancel();
    fake.invited[0]?.events.responded(response(200, () => fake.seen.push('sent ACK')));
    await fake.settle();
    expect(fake.seen.slice(-4)).toEqual(['sent ACK', 'sent BYE', 'abandoned', 'disposed']);
    expect(fake.seen.filter((line) => line.startsWith('told failed'))).toHaveLength(1);
    expect(fake.legs.size).toBe(0);
  });

  test('to a busy device is busy for the caller', async () => {
    const fake = await placed();
    fake.invited[0]?.events.responded(response(486));
    await fake.settle();
    expect(fake.seen).toEqual([
      ...before,
      'caller 486',
      'released',
      'told failed callee busy',
      'abandoned',
      'disposed',
    ]);
  });

  test('goes to the next device when one fails, and rings no longer than it should', async () => {
    const fake = await placed({ devices: 2, inTurn: true });
    fake.invited[0]?.events.responded(response(503));
    await fake.settle();
    expect(fake.invited).toHaveLength(2);
    fake.clock.advance(30_000);
    await fake.settle();
    expect(fake.seen.slice(-6)).toEqual([
      'sent CANCEL',
      'caller 480',
      'released',
      'told failed callee no-answer',
      'abandoned',
      'disposed',
    ]);
  });

  test('to phones and browsers offers each the media it can use, of ports of its own', async () => {
    const asked: string[] = [];
    const branches = new Set<string>();
    const node = MediaNodeId.parse('127.0.0.1:2223@1');
    const fake = await placed({
      devices: 4,
      inTurn: true,
      deps: {
        flows: {
          instance: () => edge,
          open: (token) => {
            const transport = ['udp', 'tcp', 'ws', 'wss'][Number(token)] ?? '';
            return { instance: edge, transport, local: '198.51.100.1:5060', remote: '192.0.2.1:5060' };
          },
        },
        media: {
          offer: ({ profile, node, branch }) => {
            asked.push(`${profile} ${node === undefined ? 'anywhere' : 'there'}`);
            branches.add(branch ?? '');
            return Promise.resolve({
              kind: 'anchored',
              sdp: `v=0 ${profile}`,
              node: MediaNodeId.parse('127.0.0.1:2223@1'),
            });
          },
          answer: ({ profile, toLeg, branch }) => {
            asked.push(`back as ${profile}`);
            expect(branch).toBe(toLeg);
            return Promise.resolve({ kind: 'anchored', sdp: 'v=0', node });
          },
          release: () => Promise.resolve(undefined),
        },
      },
    });
    for (let device = 0; device < 3; device++) {
      fake.invited[device]?.events.responded(response(486));
      await fake.settle();
    }
    fake.invited[3]?.events.responded(response(200));
    await fake.settle();
    expect(fake.invited.map(({ request }) => request.body)).toEqual(['v=0 rtp', 'v=0 rtp', 'v=0 webrtc', 'v=0 webrtc']);
    expect(asked).toEqual(['rtp anywhere', 'rtp there', 'webrtc there', 'webrtc there', 'back as rtp']);
    expect(branches.size).toBe(4);
  });

  test('that nobody can route is refused as routing says', async () => {
    const fake = await placed({ deps: { router: { route: () => Promise.resolve({ kind: 'reject', status: 404 }) } } });
    expect(fake.seen).toEqual([
      'begun',
      'told initiated',
      'caller 404',
      'told failed platform not-found',
      'abandoned',
      'disposed',
    ]);
  });

  test('to a user who is nowhere is 480 when there is such a user and 404 when not', async () => {
    const locator = (exists: boolean): FakeWorld => ({
      deps: {
        locator: {
          lookup: () => Promise.resolve({ kind: 'bindings', bindings: [] }),
          exists: () => Promise.resolve(exists),
        },
      },
    });
    expect((await placed(locator(true))).seen).toContain('caller 480');
    expect((await placed(locator(false))).seen).toContain('caller 404');
  });

  test('of which one device cannot be offered anything is refused, and what the node has done is undone', async () => {
    const released: (string | undefined)[] = [];
    const node = MediaNodeId.parse('127.0.0.1:2223@1');
    let offers = 0;
    const fake = await placed({
      devices: 2,
      deps: {
        media: {
          offer: () => {
            offers += 1;
            return Promise.resolve(offers === 1 ? { kind: 'anchored', sdp: 'v=0', node } : { kind: 'no-node' });
          },
          answer: () => Promise.resolve({ kind: 'no-node' }),
          release: (_tenant, _callId, at) => Promise.resolve(void released.push(at)),
        },
      },
    });
    expect(fake.seen).toContain('caller 503');
    expect([released, fake.invited]).toEqual([[node], []]);
  });

  test('whose media cannot be anchored is refused and leaks nothing', async () => {
    const media = (anchored: { kind: 'unusable'; reason: string } | { kind: 'no-node' }): FakeWorld => ({
      deps: {
        media: {
          offer: () => Promise.resolve(anchored),
          answer: () => Promise.resolve(anchored),
          release: () => Promise.resolve(undefined),
        },
      },
    });
    expect((await placed(media({ kind: 'unusable', reason: 'x' }))).seen).toContain('caller 488');
    expect((await placed(media({ kind: 'no-node' }))).seen).toContain('caller 503');
  });
});

describe('a call whose engine is gone', () => {
  test('while it rings is given up on both sides, and has failed', async () => {
    const fake = await placed();
    fake.invited[0]?.events.responded(response(180));
    fake.call.engineLost();
    fake.call.engineLost();
    await fake.settle();
    expect(fake.seen.slice(before.length + 2)).toEqual([
      ...['sent CANCEL', 'caller 503', 'released', 'told failed platform node-lost', 'abandoned node-lost', 'disposed'],
    ]);
  });

  test('when its callee has just answered hangs him up in the name of his dialog, of which no other engine knows', async () => {
    const never = new Promise<never>(() => undefined);
    const anchored = { kind: 'anchored', sdp: 'v=0 offered', node: MediaNodeId.parse('127.0.0.1:2223@1') } as const;
    const media = { offer: () => Promise.resolve(anchored), answer: () => never, release: () => Promise.resolve() };
    const fake = await placed({ deps: { media: media as never } });
    fake.invited[0]?.events.responded(response(200));
    fake.call.engineLost();
    const [bye] = fake.asked;
    expect(bye?.request).toMatchObject({ method: 'BYE', uri: 'sip:placeholder' });
    bye?.events.failed(new EngineGoneError());
    const [, named] = fake.asked;
    expect(named?.request).toMatchObject({ method: 'BYE', headers: { To: '<sip:b@d>;tag=device', CSeq: '101 BYE' } });
    expect(named?.request.dialogId).toBeUndefined();
  });

  test('or that a live engine has ended by itself is not hung up on twice', async () => {
    const fake = await answered();
    await fake.fromCaller('BYE');
    fake.asked[0]?.events.failed(new Error('no such dialog'));
    await fake.settle();
    expect(fake.seen.filter((what) => what === 'sent BYE')).toHaveLength(1);
  });

  test('once it is answered is for whoever takes it over', async () => {
    const fake = await answered();
    const told = fake.seen.length;
    fake.call.engineLost();
    expect(fake.seen).toHaveLength(told);
  });
});
