import { MediaNodeId } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { type FakeCall, placed, response } from './fake-call.ts';

describe('a call whose offer is left to the callee', () => {
  const ringing = async (): Promise<FakeCall> => {
    const fake = await placed({ offer: 'none' });
    expect(fake.invited[0]?.request).toMatchObject({ body: undefined });
    const acknowledged = (answer: string | undefined): void =>
      void fake.seen.push(`sent ACK ${answer ?? 'of nothing'}`);
    fake.invited[0]?.events.responded(response(200, acknowledged));
    await fake.settle();
    return fake;
  };

  test('gives the caller the offer of the 2xx, and the callee the answer of the ACK', async () => {
    const fake = await ringing();
    expect(fake.seen.slice(4)).toEqual(['told answered', 'kept', 'caller 200 v=0 offered', 'disposed']);
    await fake.fromCaller('ACK', 'v=0');
    await fake.settle();
    expect(fake.seen.slice(8)).toEqual(['sent ACK v=0 answered', 'record changed']);
  });

  test('ends when the ACK answers nothing', async () => {
    const fake = await ringing();
    await fake.fromCaller('ACK');
    await fake.settle();
    expect(fake.seen.slice(8)).toEqual([
      ...['sent ACK of nothing', 'sent BYE', 'sent BYE', 'released', 'told ended platform unreachable'],
    ]);
    expect([fake.legs.size, fake.calls.size]).toEqual([0, 0]);
  });

  test('acknowledges and hangs up a callee who answers a caller that has gone', async () => {
    const fake = await placed({ offer: 'none' });
    fake.cancel();
    fake.invited[0]?.events.responded(response(200, () => fake.seen.push('sent ACK')));
    await fake.settle();
    expect(fake.seen.slice(-4)).toEqual(['sent ACK', 'sent BYE', 'abandoned', 'disposed']);
  });
});

describe('media before the answer', () => {
  test('is what the first device plays; the ringing of others is not heard over it', async () => {
    const fake = await placed({ devices: 2 });
    fake.invited[0]?.events.responded(response(183, undefined, 'v=0 early'));
    await fake.settle();
    fake.invited[1]?.events.responded(response(180));
    fake.invited[1]?.events.responded(response(183, undefined, 'v=0 early too'));
    await fake.settle();
    fake.invited[0]?.events.responded(response(200));
    await fake.settle();
    expect(fake.seen.filter((line) => line.startsWith('caller'))).toEqual([
      'caller 183 v=0 answered',
      'caller 200 v=0 answered',
    ]);
  });

  test('is that of another device when the first fails', async () => {
    const fake = await placed({ devices: 2 });
    fake.invited[0]?.events.responded(response(183, undefined, 'v=0 early'));
    await fake.settle();
    fake.invited[0]?.events.responded(response(486));
    fake.invited[1]?.events.responded(response(183, undefined, 'v=0 early too'));
    await fake.settle();
    expect(fake.seen.filter((line) => line.startsWith('caller'))).toEqual([
      'caller 183 v=0 answered',
      'caller 183 v=0 answered',
    ]);
  });

  test('is that of the next device too when the first has rung in vain', async () => {
    const fake = await placed({ devices: 2, inTurn: true });
    fake.invited[0]?.events.responded(response(183, undefined, 'v=0 early'));
    await fake.settle();
    fake.clock.advance(30_000);
    await fake.settle();
    fake.invited[1]?.events.responded(response(180));
    expect(fake.seen.at(-1)).toBe('caller 180');
  });

  test('reaches the node before the answer does, however fast the answer comes', async () => {
    const told: string[] = [];
    const early: { release: () => void } = { release: () => undefined };
    const node = MediaNodeId.parse('127.0.0.1:2223@1');
    const fake = await placed({
      deps: {
        media: {
          offer: () => Promise.resolve({ kind: 'anchored', sdp: 'v=0', node }),
          answer: async ({ sdp }) => {
            if (sdp === 'v=0 early') await new Promise<void>((resolve) => (early.release = resolve));
            told.push(sdp);
            return { kind: 'anchored', sdp, node };
          },
          release: () => Promise.resolve(undefined),
        },
      },
    });
    fake.invited[0]?.events.responded(response(183, undefined, 'v=0 early'));
    fake.invited[0]?.events.responded(response(200));
    await fake.settle();
    expect(told).toEqual([]);
    early.release();
    await fake.settle();
    expect(told).toEqual(['v=0 early', 'v=0']);
    expect(fake.seen).toContain('caller 200 v=0');
    expect(fake.seen).not.toContain('caller 183 v=0 early');
  });
});
