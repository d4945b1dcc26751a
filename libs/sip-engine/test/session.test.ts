import { Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { cryptoIds } from '@callweave/sip';
import { noQuirks } from '@callweave/sip-engine/testing';
import { recordLogs, type RecordingLogger } from '@callweave/telemetry/testing';
import { expect, test } from 'vitest';
import { ControlSession, type SessionUser } from '../src/control/session.ts';
import { frame } from '../src/control/framing.ts';

/** A session of an application, what it has been written, and a way to send to it. */
function appSession(onSip: SessionUser['onSip']): {
  session: ControlSession;
  written: string[];
  log: RecordingLogger;
  send: (payload: string) => void;
} {
  const written: string[] = [];
  const socket = new Socket();
  Object.defineProperty(socket, 'writable', { value: true });
  socket.write = (bytes: Uint8Array | string) => written.push(Buffer.from(bytes).toString()) > 0;
  const user: SessionUser = {
    admits: () => true,
    greeting: () => [],
    onAuthenticated: () => undefined,
    onRoute: () => undefined,
    onRouteRemoved: () => undefined,
    onSip,
    onProxy: () => undefined,
    onClosed: () => undefined,
  };
  const log = recordLogs();
  const limits = { authenticateMs: 1_000, maxQueuedBytes: 1_000, quirks: noQuirks, onStuck: () => undefined };
  const session = new ControlSession(socket, { user, limits, clock: new FakeClock(), ids: cryptoIds(), log });
  const send = (payload: string): void => void socket.emit('data', frame(payload));
  send('a|authenticate|x|');
  return { session, written, log, send };
}

const RESPONSE = 'sip|txn|\r\nSIP/2.0 200 OK\r\n\r\n';
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a message that breaks the engine is answered NOK, logged, and ends nothing', () => {
  const { session, log, send } = appSession(() => {
    throw new TypeError('a defect');
  });
  expect(() => send(`b|${RESPONSE}`)).not.toThrow();
  expect(session.isOpen).toBe(true);
  expect(log.lines.map(({ event }) => event)).toContain('command.failed');
  session.close();
});

test('that a response has left is told with what comes next, or a moment later, and in order', async () => {
  const { session, written, send } = appSession((_session, _command, whenSent) => {
    const to = { protocol: 'udp', address: '192.0.2.1', port: 5060 };
    whenSent({ bytes: Buffer.from('SIP/2.0 200 OK\r\n\r\n'), ...to, txn: 't', dialogId: '' });
  });
  await nextTurn();
  written.length = 0;
  send(`b|${RESPONSE}`);
  await nextTurn();
  expect(written).toEqual([]);
  send('c|ping');
  await nextTurn();
  expect(written).toEqual([expect.stringMatching(/\|response\|b\|OK\|[^]*\|response\|c\|OK\|pong/)]);
  send(`d|${RESPONSE}`);
  await nextTurn();
  expect(written).toHaveLength(1);
  await expect.poll(() => written[1]).toContain('|response|d|OK|');
  session.close();
});
