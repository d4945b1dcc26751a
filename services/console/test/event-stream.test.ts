import { once } from 'node:events';
import { type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listen, underWay } from '../src/http/server.ts';
import { begun, callOf } from './samples.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let port: number;
let answers: ReadonlySet<ServerResponse>;
const sockets: Socket[] = [];

beforeEach(async () => {
  stage = await openStage();
  answers = underWay(stage.app);
  port = await listen(stage.app, '127.0.0.1', 0);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  stage.streams.stop();
  await stage.app.close();
});

/** A reader; `text` is all it was sent. */
async function read(query = '', headers = ''): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  socket.write(`GET /api/v1/events${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`);
  await vi.waitFor(() => expect(text).toContain('event: bus'), 10_000);
  return { socket, text: () => text };
}

function ids(text: string): string[] {
  return [...text.matchAll(/id: (\S+)\nevent: call/g)].map(([, id]) => id ?? '');
}

function tell(...positions: number[]): void {
  for (const position of positions) stage.log.add('calls', position, 'default', begun(position));
}

describe('an event stream', () => {
  test('begins with how things stand, and goes on with what happens', async () => {
    const { text } = await read();
    expect(text()).toMatch(/event: counts\ndata: \{"routing":0,"ringing":0,"answered":0\}/);
    expect(text()).toContain('event: bus\ndata: "connected"');
    tell(1, 2);
    await vi.waitFor(() => expect(ids(text())).toEqual(['1.0', '2.0']), 10_000);
    expect(text()).toContain(`data: ${JSON.stringify(begun(1))}`);
  });

  test('tells a state once a second at most, and only when it changed', async () => {
    const { text } = await read();
    stage.board.begin(callOf(1));
    stage.bus = 'away';
    stage.clock.advance(1_000);
    stage.clock.advance(5_000);
    tell(1);
    await vi.waitFor(() => expect(ids(text())).toEqual(['1.0']), 10_000);
    expect(text().match(/event: counts/g)).toHaveLength(2);
    expect(text().match(/event: bus\ndata: "away"/g)).toHaveLength(1);
  });

  test.each([
    ['the place in its address', '?after=1.0', ''],
    ['the place its browser remembers', '?after=0.0', 'Last-Event-ID: 1.0\r\n'],
  ])('goes on after %s', async (_title, query, headers) => {
    tell(1, 2, 3);
    const { text } = await read(query, headers);
    await vi.waitFor(() => expect(ids(text())).toEqual(['2.0', '3.0']), 10_000);
    expect(text()).not.toContain('event: reset');
  });

  test('is under way until its reader has gone', async () => {
    expect(answers.size).toBe(0);
    const { socket } = await read();
    expect(answers.size).toBe(1);
    socket.destroy();
    await vi.waitFor(() => expect(answers.size).toBe(0), 10_000);
  });

  test('tells a reader from before anything that is kept to start anew', async () => {
    stage.log.restart('calls', 100);
    const { text } = await read('?after=7.0');
    await vi.waitFor(() => expect(text()).toContain('event: reset'), 10_000);
    expect(text()).toContain('id: 100.0\n\n');
  });

  test('of one tenant tells nothing of another', async () => {
    const { text } = await read('?tenant=acme');
    stage.log.add('calls', 1, 'default', begun(1));
    stage.log.add('calls', 2, 'acme', begun(2, { tenant: 'acme' }));
    await vi.waitFor(() => expect(ids(text())).toEqual(['2.0']), 10_000);
  });

  test(
    'whose reader does not read is dropped, and its reader is told what it missed when it is back',
    { timeout: 60_000 },
    async () => {
      const { socket } = await read();
      const other = await read();
      socket.pause();
      const long = 'x'.repeat(4_000);
      // More than the operating system keeps for one connection, and than we do.
      for (let n = 1; n <= 4_000; n++) {
        stage.log.add('calls', n, 'default', begun(n, { target: long }));
        if (n % 50 === 0)
          await vi.waitFor(
            () => expect(ids(other.text().slice(-2 * long.length)).at(-1)).toBe(`${String(n)}.0`),
            10_000,
          );
      }
      socket.resume();
      await once(socket, 'close');
      const { text } = await read('?after=3990.0');
      await vi.waitFor(() => expect(ids(text())).toHaveLength(10), 10_000);
    },
  );
});
