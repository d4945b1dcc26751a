import { type MediaNodeId } from '@callweave/contracts';
import { describe, expect, test } from 'vitest';
import { type Media } from '../src/call/call-ports.ts';
import { type FakeCall, fakeRequest, type FakeWorld, placed, response } from './fake-call.ts';

const node = '127.0.0.1:2223@1' as MediaNodeId;

/** A node that tells who gave a description, and to whom it goes. */
const media: Media = {
  offer: ({ sdp }) => Promise.resolve({ kind: 'anchored', sdp: `o=node\r\n${sdp} offered`, node }),
  answer: ({ sdp }) => Promise.resolve({ kind: 'anchored', sdp: `o=node\r\n${sdp} answered`, node }),
  release: () => Promise.resolve(undefined),
};

const told = (sdp: string): string => `o=node\r\n${sdp}`;

interface World extends FakeCall {
  /** What the caller was told, with what. */
  readonly replies: string[];
  /** A device says this reliably. */
  readonly reliably: (device: number, sdp: string) => Promise<void>;
  readonly answers: (device: number, status: number, sdp?: string) => Promise<void>;
  readonly pracks: (sdp: string | undefined) => Promise<void>;
}

async function call(world: FakeWorld): Promise<World> {
  const replies: string[] = [];
  const replied: FakeWorld['replied'] = ({ status, headers = {}, body = '-' }) => {
    replies.push([status, headers['Require'] ?? 'plainly', body].join(' '));
  };
  const fake = await placed({ ...world, deps: { media }, replied });
  const acknowledged = (name: string) => (answer: string | undefined) => {
    fake.seen.push(`sent ${name} ${answer ?? '-'}`);
  };
  return {
    ...fake,
    replies,
    reliably: async (device, sdp) => {
      const plain = response(183, acknowledged('PRACK'), sdp);
      const headers: Record<string, string> = { require: '100rel', rseq: '1', to: `<sip:b@d>;tag=${String(device)}` };
      const header = (name: string): string | undefined => headers[name] ?? plain.header(name);
      fake.invited[device]?.events.responded({ ...plain, header });
      await fake.settle();
    },
    answers: async (device, status, sdp) => {
      const plain = response(status, acknowledged('ACK'));
      const header = (name: string): string | undefined =>
        name === 'to' ? `<sip:b@d>;tag=${String(device)}` : plain.header(name);
      fake.invited[device]?.events.responded({ ...plain, header, body: sdp });
      await fake.settle();
    },
    pracks: async (sdp) => {
      const request = fakeRequest('PRACK', ({ status }) => replies.push(`PRACK ${String(status)}`));
      await fake.call.caller.receive({ ...request, body: sdp });
      await fake.settle();
    },
  };
}

const late = { offer: 'none', says: { supported: '100rel' } } as const;

describe('a caller who leaves the offer to the device, and can answer it early', () => {
  test('is told the offer of a reliable response, and its PRACK brings the answer: the 200 has nothing to add', async () => {
    const { invited, seen, replies, reliably, answers, pracks, fromCaller } = await call(late);
    expect(invited[0]?.request.headers).toMatchObject({ Supported: expect.stringContaining('100rel') as string });
    await reliably(0, 'v=0 device');
    expect(replies).toEqual([`183 100rel ${told('v=0 device offered')}`]);
    expect(seen).not.toContain('sent PRACK -');
    await pracks('v=0 caller');
    expect(seen).toContain(`sent PRACK ${told('v=0 caller answered')}`);
    await answers(0, 200);
    expect(seen).toContain('sent ACK -');
    expect(replies.slice(1)).toEqual(['PRACK 200', `200 plainly ${told('v=0 device offered')}`]);
    await fromCaller('ACK');
    expect(seen.filter((line) => line === 'sent INVITE')).toHaveLength(1);
  });

  test('and does not is refused, and the device stops ringing', async () => {
    const { seen, replies, reliably, pracks } = await call(late);
    await reliably(0, 'v=0 device');
    await pracks(undefined);
    expect(replies.slice(1)).toEqual(['PRACK 200', expect.stringMatching(/^488 /)]);
    expect(seen).toEqual(expect.arrayContaining(['sent CANCEL', 'disposed']));
  });

  test('is refused when the device answers before it was answered itself', async () => {
    const { replies, reliably, answers } = await call(late);
    await reliably(0, 'v=0 device');
    await answers(0, 200);
    expect(replies.at(-1)).toMatch(/^488 /);
  });

  test('has one answer in all: the next device is offered it, and he is told in the call what that one says', async () => {
    const { invited, asked, replies, reliably, answers, pracks, fromCaller, settle, seen } = await call({
      ...late,
      devices: 2,
      inTurn: true,
    });
    await reliably(0, 'v=0 first');
    await pracks('v=0 caller');
    await answers(0, 486);
    expect(invited[1]?.request.body).toBe(told('v=0 caller offered'));
    await answers(1, 200, 'v=0 second');
    expect(replies.at(-1)).toBe(`200 plainly ${told('v=0 first offered')}`);
    expect(asked).toEqual([]);
    await fromCaller('ACK');
    await settle();
    // Its INVITE is the third: one for each device.
    const [, , renewed] = invited;
    expect(renewed?.request).toMatchObject({ method: 'INVITE', body: told('v=0 second offered') });
    renewed?.events.responded(response(200, () => seen.push('renewed'), 'v=0 caller again'));
    await settle();
    expect(seen.slice(-2)).toEqual(['renewed', 'record changed']);
  });

  test.each<[string, FakeWorld]>([
    ['several devices ring, of whose offers he could answer one', { ...late, devices: 2 }],
    ['he does not know how', { offer: 'none' }],
  ])('is left to answer with his ACK when %s', async (_, world) => {
    const { invited } = await call(world);
    expect(invited[0]?.request.headers).toMatchObject({ Supported: 'norefersub, replaces' });
  });
});

describe('a caller who was reliably told one device’s answer', () => {
  const insists = { says: { require: '100rel' }, devices: 2 } as const;

  test('and is answered by another is told that one’s in the call, as soon as he has acknowledged', async () => {
    const { invited, replies, reliably, answers, fromCaller, settle } = await call(insists);
    await reliably(0, 'v=0 first');
    await reliably(1, 'v=0 second');
    await answers(1, 200, 'v=0 second');
    expect(replies).toEqual([`183 100rel ${told('v=0 first answered')}`, `200 plainly ${told('v=0 first answered')}`]);
    expect(invited).toHaveLength(2);
    await fromCaller('ACK');
    await settle();
    expect(invited[2]?.request).toMatchObject({ method: 'INVITE', body: told('v=0 second offered') });
  });

  test('is asked again when he changes the session himself at that moment, and hears it at last', async () => {
    const { clock, invited, reliably, answers, fromCaller, settle, seen } = await call(insists);
    await reliably(0, 'v=0 first');
    await answers(1, 200, 'v=0 second');
    await fromCaller('ACK');
    await settle();
    invited[2]?.events.responded(response(491));
    await settle();
    clock.advance(2_000);
    await settle();
    invited[3]?.events.responded(response(200, () => seen.push('renewed'), 'v=0 caller'));
    await settle();
    expect(seen).toContain('renewed');
  });

  test('is told nothing more when the description is the same, and by the same device', async () => {
    for (const device of [0, 1]) {
      const { invited, reliably, answers, fromCaller, settle } = await call(insists);
      await reliably(0, 'v=0 same');
      await answers(device, 200, 'v=0 same');
      await fromCaller('ACK');
      await settle();
      expect(invited).toHaveLength(2);
    }
  });
});
