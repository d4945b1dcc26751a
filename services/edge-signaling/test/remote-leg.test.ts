import { sleep } from '@callweave/clock';
import { FakeClock } from '@callweave/clock/testing';
import { InstanceId } from '@callweave/contracts';
import { type OutgoingEvents, type OutgoingRequest, type SentRequest } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { type OtherEdges } from '../src/remote-leg/other-edges.ts';
import { Placements } from '../src/remote-leg/placements.ts';
import { RemoteEngines } from '../src/remote-leg/remote-engines.ts';
import { response } from './fake-call.ts';

const asking = InstanceId.parse('aaaaaaaaaaaaaaaa');
const placing = InstanceId.parse('bbbbbbbbbbbbbbbb');

interface World {
  readonly seen: string[];
  /** What reached the engine of the placing edge, in order. */
  readonly sent: { readonly request: OutgoingRequest; readonly events: OutgoingEvents }[];
  readonly placements: Placements;
  readonly send: (request: OutgoingRequest) => SentRequest;
  /** From now on nothing passes between the edges, or no answer does, or the asking edge is told nothing. */
  readonly cut: (what: 'all' | 'answers' | 'tells' | 'nothing') => void;
  readonly pass: (ms: number) => Promise<void>;
}

/** Two edges: one asks, the other has the device. */
function world({ ready = true }: { ready?: boolean } = {}): World {
  const seen: string[] = [];
  const sent: World['sent'] = [];
  const clock = new FakeClock();
  let cut = 'nothing';
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await Promise.resolve();
  };
  const carried = async <T>(ask: () => T): Promise<T | 'unheard'> => {
    await Promise.resolve();
    if (cut === 'all') return 'unheard';
    const answer = ask();
    if (cut !== 'answers') return answer;
    await sleep(clock, 1_000);
    return 'unheard';
  };
  const edges: OtherEdges = {
    place: (_edge, request) => carried(() => (placements.place(request) ? 'placed' : 'refused')),
    cancel: (_edge, id, headers) => carried(() => (placements.cancel(id, headers), 'heard')),
    acknowledge: (_edge, id, body) => carried(() => (placements.acknowledge(id, body), 'heard')),
    tell: (_edge, told) =>
      cut === 'tells' ? Promise.resolve('unheard') : carried(() => (engines.told(told) ? 'wanted' : 'unwanted')),
    watch: (_edge, ids) => carried(() => placements.watched(ids)),
  };
  const engines = new RemoteEngines({ edges, owner: () => asking, clock });
  const placements = new Placements({
    send: (request, events) => {
      seen.push(`engine sends ${request.method}`);
      sent.push({ request, events });
      return { cancel: (headers) => seen.push(['engine sends CANCEL', ...Object.values(headers ?? {})].join(' ')) };
    },
    edges,
    notReady: () => (ready ? undefined : 'draining'),
    clock,
  });
  const told: OutgoingEvents = {
    sent: (message) => seen.push(`sent as ${message.header('CSeq') ?? ''}`),
    responded: (answer) => {
      seen.push(`told ${String(answer.status)}`);
      if (answer.status === 200) answer.acknowledge({ type: 'application/sdp', content: 'answer' });
    },
    failed: (error) => seen.push(String(error)),
  };
  return {
    seen,
    sent,
    placements,
    send: (request) => engines.through(placing)(request, told),
    cut: (what) => (cut = what),
    pass: async (ms) => {
      await settle();
      for (let passed = 0; passed < ms; passed += 250) {
        clock.advance(250);
        await settle();
      }
    },
  };
}

const invite: OutgoingRequest = {
  method: 'INVITE',
  uri: 'sip:b@d',
  headers: { From: '<sip:a@d>;tag=ours' },
  body: 'v=0',
};
const lost = `EdgeLostError: edge ${placing} does not send`;

/** A response as the engine gives it; the ACK it gets is seen. */
function answered(seen: string[], status: number): Parameters<OutgoingEvents['responded']>[0] {
  return response(status, (answer) =>
    seen.push(['engine sends ACK', ...(answer === undefined ? [] : [answer])].join(' ')),
  );
}

describe('a request that another edge sends', () => {
  test('tells in order what becomes of it, and the 2xx is acknowledged where it arrives', async () => {
    const { seen, sent, send, pass, placements } = world();
    send(invite);
    await pass(0);
    const { events } = sent[0] ?? expect.fail();
    events.sent?.({ header: () => '1 INVITE', body: undefined });
    events.responded(answered(seen, 100));
    events.responded(answered(seen, 180));
    events.responded(answered(seen, 200));
    await pass(0);
    expect(seen).toEqual([
      'engine sends INVITE',
      'engine sends ACK',
      'sent as 1 INVITE',
      'told 100',
      'told 180',
      'told 200',
    ]);
    expect(placements.size).toBe(0);
  });

  test('is cancelled there, and its end is told', async () => {
    const { seen, sent, send, pass } = world();
    send(invite).cancel({ Reason: 'SIP;cause=200' });
    await pass(0);
    sent[0]?.events.responded(answered(seen, 487));
    await pass(0);
    expect(seen).toEqual(['engine sends INVITE', 'engine sends CANCEL SIP;cause=200', 'told 487']);
  });

  test('that brings an offer is acknowledged by whoever has the answer', async () => {
    const { seen, sent, send, pass, placements } = world();
    send({ ...invite, body: undefined });
    await pass(0);
    sent[0]?.events.responded(answered(seen, 200));
    await pass(0);
    expect(seen).toEqual(['engine sends INVITE', 'told 200', 'engine sends ACK answer']);
    expect(placements.size).toBe(0);
  });

  test('is told once, however often it takes until it is heard', async () => {
    const { seen, sent, send, cut, pass } = world();
    send(invite);
    await pass(0);
    cut('answers');
    sent[0]?.events.responded(answered(seen, 180));
    await pass(500);
    cut('nothing');
    sent[0]?.events.responded(answered(seen, 486));
    await pass(1_000);
    expect(seen).toEqual(['engine sends INVITE', 'told 180', 'told 486']);
  });
});

describe('an answer', () => {
  test('that was heard is not hung up because nobody said so', async () => {
    const { seen, sent, send, cut, pass, placements } = world();
    send(invite);
    await pass(0);
    cut('answers');
    sent[0]?.events.responded(answered(seen, 200));
    await pass(500);
    cut('nothing');
    await pass(1_000);
    expect(seen).toEqual(['engine sends INVITE', 'engine sends ACK', 'told 200']);
    expect(placements.size).toBe(0);
  });
});

describe('an edge that is to send', () => {
  test('and does not hear of it is passed over at once', async () => {
    const { seen, send, cut, pass } = world();
    cut('all');
    send(invite);
    await pass(0);
    expect(seen).toEqual([lost]);
  });

  test('and says late that it does is not passed over when it has begun to', async () => {
    const { seen, sent, send, cut, pass } = world();
    cut('answers');
    send(invite);
    await pass(0);
    sent[0]?.events.responded(answered(seen, 180));
    await pass(0);
    cut('nothing');
    await pass(2_000);
    expect(seen).toEqual(['engine sends INVITE', 'told 180']);
  });

  test('and is about to go takes on no call, and serves those that there are', async () => {
    const { seen, send, pass } = world({ ready: false });
    send(invite);
    await pass(0);
    send({ method: 'BYE', uri: 'sip:placeholder', dialogId: 'c1;from-tag=ours' });
    await pass(0);
    send({ method: 'BYE', uri: 'sip:b@192.0.2.2', headers: { To: '<sip:b@d>;tag=device' } });
    await pass(0);
    expect(seen).toEqual([lost, 'engine sends BYE', 'engine sends BYE']);
  });

  test('is lost after three heartbeats, and cancels when it has heard none itself', async () => {
    const { seen, send, cut, pass } = world();
    send(invite);
    await pass(10_000);
    expect(seen).toEqual(['engine sends INVITE']);
    cut('all');
    await pass(2_000);
    expect(seen).toEqual(['engine sends INVITE']);
    await pass(2_000);
    expect(seen).toEqual(['engine sends INVITE', lost, 'engine sends CANCEL']);
  });

  test('whose heartbeat comes back in time is not', async () => {
    const { seen, send, cut, pass } = world();
    send(invite);
    for (let i = 0; i < 5; i++) {
      await pass(1_000);
      cut('all');
      await pass(2_000);
      cut('nothing');
    }
    expect(seen).toEqual(['engine sends INVITE']);
  });

  test('gives up when it can tell nobody, and says so when it is asked', async () => {
    const { seen, sent, send, cut, pass } = world();
    send(invite);
    await pass(0);
    cut('tells');
    sent[0]?.events.responded(answered(seen, 180));
    await pass(3_000);
    expect(seen).toEqual(['engine sends INVITE']);
    await pass(3_000);
    expect(seen).toEqual(['engine sends INVITE', 'engine sends CANCEL', lost]);
  });

  test('hangs up on who answers when nobody wants it any more', async () => {
    const { seen, sent, send, cut, pass } = world();
    send(invite);
    await pass(0);
    cut('all');
    await pass(4_000);
    sent[0]?.events.responded(answered(seen, 200));
    await pass(0);
    expect(seen).toEqual(['engine sends INVITE', lost, 'engine sends CANCEL', 'engine sends ACK', 'engine sends BYE']);
    expect(sent[1]?.request.dialogId).toBe('c1;from-tag=ours');
  });

  test('says so when its engine is lost, and what it was sending has failed', async () => {
    const { seen, send, pass, placements } = world();
    send(invite);
    await pass(0);
    placements.lost();
    await pass(0);
    expect(seen).toEqual(['engine sends INVITE', lost]);
    await placements.idle();
  });

  test('is asked for a hang-up until it hears of it', async () => {
    const { seen, sent, send, cut, pass } = world();
    cut('all');
    send({ method: 'BYE', uri: 'sip:placeholder', dialogId: 'c1;from-tag=ours' });
    await pass(3_000);
    cut('nothing');
    await pass(1_000);
    sent[0]?.events.responded(answered(seen, 200));
    await pass(0);
    expect(seen).toEqual(['engine sends BYE', 'told 200']);
  });

  test('knows whose the dialog is once that edge does, as long as no record may say so', async () => {
    const { seen, sent, send, cut, pass, placements } = world();
    send(invite);
    await pass(0);
    const identity = { callId: 'c1', remoteTag: 'device' };
    expect(await placements.ownerOf('ours', identity)).toBeUndefined();
    sent[0]?.events.responded(answered(seen, 200));
    cut('all');
    let owner: InstanceId | undefined;
    void placements.ownerOf('ours', identity).then((found) => (owner = found));
    await pass(1_000);
    expect(owner).toBeUndefined();
    cut('nothing');
    await pass(1_000);
    expect(owner).toBe(asking);
    expect(await placements.ownerOf('ours', { ...identity, remoteTag: 'another' })).toBeUndefined();
    await pass(32_000);
    expect(await placements.ownerOf('ours', identity)).toBeUndefined();
  });
});
