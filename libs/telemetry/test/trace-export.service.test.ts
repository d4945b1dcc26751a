import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterAll, expect, test, vi } from 'vitest';
import { startSpan, startTracing } from '../src/index.ts';

/** What the receiver does with a request. */
type Mood = 'takes' | 'fails' | 'refuses' | 'hangs';

const STATUS = { takes: 200, fails: 500, refuses: 400 } as const;

let mood: Mood = 'fails';
let requests = 0;
const names: string[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    requests += 1;
    if (mood === 'hangs') return;
    if (mood === 'takes')
      names.push(
        ...(Buffer.concat(chunks)
          .toString()
          .match(/(?<="name":")[\w ]+/g) ?? []),
      );
    response.writeHead(STATUS[mood], { 'content-type': 'application/json' }).end('{}');
  });
});

afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
});

test('a receiver that fails costs no span and one line in the log; what is left is sent before the process stops', async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const log = recordLogs();
  const { port } = receiver.address() as AddressInfo;
  const about = { service: 'a-service', instance: 'i', version: '1' };
  const stop = await startTracing({ ...about, otlpUrl: `http://127.0.0.1:${String(port)}`, ratio: 1, log });
  /** Fills a batch, which is sent at once. */
  const record = (name: string): void => {
    for (let n = 0; n < 512; n++) startSpan(name).end();
  };
  const arrived = (name: string): number => names.filter((known) => known === name).length;
  const lines = (): string[] => log.lines.map(({ level, event }) => `${level} ${event}`);
  const within = { timeout: 20_000 };

  record('first');
  await vi.waitFor(() => expect(requests).toBeGreaterThan(1), within);
  record('second');
  mood = 'takes';
  await vi.waitFor(() => expect(arrived('first')).toBe(512), within);
  await vi.waitFor(() => expect(arrived('second')).toBe(512), within);
  expect(lines()).toEqual(['warn traces.not-exported', 'info traces.exported-again']);

  // These very spans are refused: sending them again would hold up all others for ever.
  mood = 'refuses';
  const before = requests;
  record('refused');
  await vi.waitFor(() => expect(requests).toBe(before + 1), within);
  mood = 'takes';
  record('third');
  await vi.waitFor(() => expect(arrived('third')).toBe(512), within);
  expect(arrived('refused')).toBe(0);

  startSpan('sent while stopping').end();
  await stop();
  expect(arrived('sent while stopping')).toBe(1);
});
