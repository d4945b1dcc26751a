import { Socket } from 'node:net';
import { FakeClock } from '@callweave/clock/testing';
import { fakeListener, LimitCounts, Room } from '@callweave/sip-engine/testing';
import { requestText } from '@callweave/sip/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { StreamFlow } from '../src/transport/stream-flow.ts';

const limits = { messageMs: 30_000, maxQueuedBytes: 1_000 };
const roomOptions = { maxConnections: 10, maxConnectionsPerAddress: 10, maxBufferedBytes: 1_000_000 };
const text = requestText();

let clock: FakeClock;
let socket: Socket;
let received: number;

beforeEach(() => {
  clock = new FakeClock();
  socket = new Socket();
  received = 0;
  const user = { onMessage: () => (received += 1), onFlowClosed: () => undefined };
  const flow = new StreamFlow({
    ...{ socket, protocol: 'tcp', listener: fakeListener, address: '192.0.2.1', port: 5060, limits },
    deps: { user, clock, log: recordLogs(), room: new Room(roomOptions, new LimitCounts()) },
    onClosed: () => undefined,
  });
  expect(flow.isOpen).toBe(true);
});

const arrive = (piece: string): void => void socket.emit('data', Buffer.from(piece));

describe('a connection', () => {
  test('that says nothing is closed', () => {
    clock.advance(29_999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect(socket.destroyed).toBe(true);
  });

  test('may be silent after a whole message, and between the line ends of a ping', () => {
    arrive(`${text}\r\n`);
    clock.advance(3_600_000);
    expect([received, socket.destroyed]).toEqual([1, false]);
  });

  test.each([
    ['behind another', [text + text.slice(0, 50)]],
    ['by itself', [text, text.slice(0, 50)]],
    ['without its body', [text, requestText({ body: 'abc' }).slice(0, -1)]],
  ])('with half a message %s is closed when the rest does not come', (_, pieces) => {
    pieces.forEach(arrive);
    clock.advance(29_999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect([received, socket.destroyed]).toEqual([1, true]);
  });

  test('gains no time by sending a message drop by drop', () => {
    arrive(text);
    for (const byte of text.slice(0, 31)) {
      arrive(byte);
      clock.advance(1_000);
    }
    expect(socket.destroyed).toBe(true);
  });

  test('has the whole time for each message', () => {
    arrive(text + text.slice(0, 50));
    clock.advance(20_000);
    arrive(text.slice(50) + text.slice(0, 50));
    clock.advance(20_000);
    expect(socket.destroyed).toBe(false);
    arrive(text.slice(50));
    clock.advance(3_600_000);
    expect([received, socket.destroyed]).toEqual([3, false]);
  });

  test('that cannot be cut into messages any more is gone a second later, whatever the peer does', () => {
    socket.end = () => socket;
    arrive(text);
    arrive(text.replace(/Content-Length: .*\r\n/, ''));
    clock.advance(999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect(socket.destroyed).toBe(true);
  });
});
