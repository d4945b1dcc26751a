import { FakeClock } from '@callweave/clock/testing';
import { type PassedRequest, passRequest } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { EstablishedCalls } from '../src/call/established-calls.ts';
import { createLegId } from '../src/leg/leg-id.ts';
import { type Leg, LegTable } from '../src/leg/leg.ts';
import { edgeAnswers } from '../src/survive/answers.ts';
import { edge } from './fake-call.ts';

test('what another edge passed on is for that edge when our engine is gone before it is answered', async () => {
  const legId = createLegId();
  const legs = new LegTable();
  const never = new Promise<void>(() => undefined);
  const identity = { callId: 'c', remoteTag: 'r' };
  legs.add({ legId, identity, receive: () => never } as unknown as Leg);
  const records = {
    ...{
      keep: () => Promise.resolve(true),
      change: () => undefined,
      lend: () => Promise.resolve(),
    },
    ...{ repair: () => Promise.resolve(), end: () => Promise.resolve('won' as const) },
  };
  const common = { clock: new FakeClock(), log: recordLogs() };
  const calls = new EstablishedCalls({
    ...{ records, ...common },
    media: {} as ConstructorParameters<typeof EstablishedCalls>[0]['media'],
    refer: () => Promise.resolve(),
  });
  const doubts = { settle: () => Promise.resolve(true) };
  const { answers, giveUp } = edgeAnswers({ legs, calls, doubts, records, send: () => ({ cancel: () => undefined }) });
  const pass = answers.find(({ type }) => type.pattern === passRequest.pattern);
  const passed: PassedRequest = {
    ...{ from: edge, legId, method: 'INVITE', uri: 'sip:b@d', source: '192.0.2.1:5060', transport: 'udp' },
    headers: { cseq: '2 INVITE' },
  };
  const answered = pass?.handle(passed, { signal: new AbortController().signal } as never);
  await Promise.resolve();
  giveUp();
  expect(await answered).toEqual({ kind: 'not-held' });
});
