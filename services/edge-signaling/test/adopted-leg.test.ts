import { FakeClock } from '@callweave/clock/testing';
import { type LegRecord, type TimedSession } from '@callweave/contracts';
import { type IncomingResponse, type OutgoingEvents, type OutgoingRequest, type Reply } from '@callweave/srf';
import { describe, expect, test } from 'vitest';
import { AdoptedLeg } from '../src/leg/adopted-leg.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Refreshed } from '../src/leg/session-keeper.ts';
import { edge, fakeRequest, response } from './fake-call.ts';

interface World {
  readonly clock: FakeClock;
  readonly leg: AdoptedLeg;
  readonly seen: string[];
  /** The peer answers the oldest request of ours with these terms, or without. */
  readonly answers: (status: number, terms?: string) => Promise<void>;
  /** The peer asks for something. */
  readonly asks: (method: string, headers: Readonly<Record<string, string>>) => Promise<Reply | undefined>;
}

/** A leg whose record has this session, taken over by an edge whose engine does not know the dialog. */
function adopted(
  session: Partial<TimedSession>,
  { renewal = 'accepted', ...more }: Partial<LegRecord> & { renewal?: Refreshed } = {},
): World {
  const clock = new FakeClock();
  const seen: string[] = [];
  const sent: { request: OutgoingRequest; events: OutgoingEvents }[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const dialog = { sipCallId: 'c1', remoteTag: 'theirs', localUri: '<sip:b@d>', remoteUri: '<sip:a@d>' };
  const record = {
    ...{ legId: createLegId(), ...dialog, remoteTarget: 'sip:a@192.0.2.1', routeSet: [], localCseq: 7, remoteCseq: 1 },
    epoch: 1,
    session: { intervalSec: 300, isOurs: true, takesUpdate: true, ...session },
    ...more,
  } as unknown as LegRecord;
  const leg = new AdoptedLeg(record, {
    epoch: 2,
    clock,
    send: (request, events) => {
      const { CSeq, 'Session-Expires': terms = 'untimed', Reason = '' } = request.headers ?? {};
      seen.push(`${String(CSeq)} ${request.method === 'BYE' ? String(Reason) : String(terms)}`.trim());
      sent.push({ request, events });
      return { cancel: () => undefined };
    },
    events: {
      bye: () => seen.push('hung up'),
      lost: () => seen.push('lost'),
      request: async (request) => {
        await request.reply({ status: 200 });
        leg.refreshTarget(request);
      },
      acknowledged: () => undefined,
      renew: () => {
        seen.push('renewed');
        return Promise.resolve(renewal);
      },
      disposed: () => seen.push('disposed'),
    },
  });
  leg.keepAlive();
  return {
    clock,
    leg,
    seen,
    answers: async (status, terms) => {
      const answer: IncomingResponse = response(status);
      const header = (name: string): string | undefined =>
        name === 'session-expires' ? terms : name === 'allow' ? undefined : answer.header(name);
      sent.shift()?.events.responded({ ...answer, header });
      await settle();
    },
    asks: async (method, headers) => {
      let replied: Reply | undefined;
      const request = fakeRequest(method, (reply) => (replied = reply));
      await leg.receive({ ...request, header: (name) => headers[name] ?? request.header(name) });
      return replied;
    },
  };
}

describe('a leg that was taken over and that we have to refresh', () => {
  test('is refreshed at once, since nobody knows when it last was, and before half of its time from then on', async () => {
    const { clock, seen, answers } = adopted({});
    expect(seen).toEqual(['108 UPDATE 300;refresher=uac']);
    await answers(200, '300;refresher=uac');
    clock.advance(134_000);
    expect(seen).toHaveLength(1);
    clock.advance(2_000);
    expect(seen.at(-1)).toBe('109 UPDATE 300;refresher=uac');
    await answers(200, '300;refresher=uac');
    clock.advance(200_000);
    expect(seen).not.toContain('lost');
  });

  test('is asked once more when the peer cannot now, and ends when its time is over', async () => {
    const { clock, seen, answers } = adopted({});
    await answers(500);
    clock.advance(5_100);
    expect(seen.at(-1)).toBe('109 UPDATE 300;refresher=uac');
    clock.advance(300_000);
    expect(seen.slice(-3)).toEqual(['110 BYE SIP;cause=200;text="Session timer expired"', 'lost', 'disposed']);
  });

  test.each([408, 481])('ends at once when the peer answers %i: it has no such call', async (status) => {
    const { seen, answers } = adopted({});
    await answers(status);
    expect(seen.slice(1)).toEqual(['109 BYE SIP;cause=200;text="Session timer expired"', 'lost', 'disposed']);
  });

  test('is agreed to anew when the peer does not take UPDATE', () => {
    expect(adopted({ takesUpdate: false }).seen).toEqual(['renewed']);
  });

  test('is the peer’s to refresh once he says so, and lives for ever when nobody does', async () => {
    const { clock, seen, answers, asks } = adopted({});
    await answers(200, '90;refresher=uas');
    clock.advance(59_000);
    expect(await asks('INVITE', {})).toEqual({ status: 200 });
    clock.advance(1_000_000);
    expect(seen).toEqual(['108 UPDATE 300;refresher=uac']);
  });

  test('is let alone when the engine of another edge has it, or when it may last for ever', () => {
    for (const { clock, seen } of [adopted({}, { edge }), adopted({}, { session: undefined })]) {
      clock.advance(1_000_000);
      expect(seen).toEqual([]);
    }
  });
});

describe('a leg that was taken over and that the peer has to refresh', () => {
  test('ends when he does not, while he still counts it as alive', () => {
    const { clock, seen } = adopted({ isOurs: false });
    clock.advance(267_000);
    expect(seen).toEqual([]);
    clock.advance(2_000);
    expect(seen).toEqual(['108 BYE SIP;cause=200;text="Session timer expired"', 'lost', 'disposed']);
  });

  test('lives on when he does, and he is told what is agreed', async () => {
    const { clock, seen, asks } = adopted({ isOurs: false });
    for (let i = 0; i < 3; i++) {
      clock.advance(150_000);
      const headers = { 'session-expires': '300;refresher=uac', supported: 'timer', allow: 'UPDATE' };
      const reply = await asks('UPDATE', headers);
      expect(reply).toMatchObject({ status: 200, headers: { 'Session-Expires': '300;refresher=uac' } });
    }
    expect(seen).toEqual([]);
  });

  test('has its timers stopped with the call', () => {
    const { clock, leg, seen } = adopted({ isOurs: false });
    leg.drop();
    clock.advance(1_000_000);
    expect(seen).toEqual(['disposed']);
  });
});
