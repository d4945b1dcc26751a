import { Faults } from '@callweave/bus';
import { FakeClock } from '@callweave/clock/testing';
import { Fault } from '@callweave/contracts';
import { type EngineInfo, type OutgoingRequest } from '@callweave/srf';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { passFaultsOn } from '../src/engine-faults.ts';

test('an engine is told what is to go wrong with SIP messages, when it ends, and anew when it is connected to, be it nothing', () => {
  const clock = new FakeClock();
  const log = recordLogs();
  const faults = new Faults({ clock, log });
  const sent: OutgoingRequest[] = [];
  const connected: ((info: EngineInfo) => void)[] = [];
  const send = (request: OutgoingRequest): { cancel: () => void } => {
    sent.push(request);
    return { cancel: () => undefined };
  };
  passFaultsOn(faults, { link: { send, onConnect: (listener) => connected.push(listener) }, log });
  const connect = (): void => connected.forEach((listener) => listener({ contacts: [], version: '', instance: 'e' }));
  const set = (fault: object): void => faults.set(Fault.parse(fault));
  const told = (): unknown[] => sent.splice(0).map(({ body }) => JSON.parse(body ?? '') as unknown);

  connect();
  expect(told()).toEqual([[]]);
  set({ kind: 'no-writes', bucket: 'calls', forMs: 60_000 });
  expect(told()).toEqual([]);
  set({ kind: 'drop', way: 'out', method: 'BYE', next: 1, forMs: 1_000 });
  expect(sent[0]).toMatchObject({ method: 'FAULTS', uri: 'sip:engine.invalid' });
  const drop = { id: 2, kind: 'drop', way: 'out', method: 'BYE', next: 1, forMs: 1_000 };
  expect(told()).toEqual([[drop]]);
  connect();
  expect(told()).toEqual([[drop]]);
  clock.advance(1_000);
  expect(told()).toEqual([[]]);
  connect();
  expect(told()).toEqual([[]]);
});
