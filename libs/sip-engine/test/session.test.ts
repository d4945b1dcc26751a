import { Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { cryptoIds } from '@callweave/sip';
import { noQuirks } from '@callweave/sip-engine/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { ControlSession, type SessionUser } from '../src/control/session.ts';
import { frame } from '../src/control/framing.ts';

test('a message that breaks the engine is answered NOK, logged, and ends nothing', () => {
  const written: string[] = [];
  const socket = new Socket();
  socket.write = (bytes: Uint8Array | string) => written.push(Buffer.from(bytes).toString()) > 0;
  const user: SessionUser = {
    admits: () => true,
    greeting: () => [],
    onAuthenticated: () => undefined,
    onRoute: () => undefined,
    onRouteRemoved: () => undefined,
    onSip: () => {
      throw new TypeError('a defect');
    },
    onProxy: () => undefined,
    onClosed: () => undefined,
  };
  const log = recordLogs();
  const limits = { authenticateMs: 1_000, maxQueuedBytes: 1_000, quirks: noQuirks, onStuck: () => undefined };
  const session = new ControlSession(socket, { user, limits, clock: new FakeClock(), ids: cryptoIds(), log });
  const send = (payload: string): void => void socket.emit('data', frame(payload));
  send('a|authenticate|x|');
  expect(() => send('b|sip|txn|\r\nSIP/2.0 200 OK\r\n\r\n')).not.toThrow();
  expect(session.isOpen).toBe(true);
  expect(log.lines.map(({ event }) => event)).toContain('command.failed');
  session.close();
});
