// What a span costs in CPU, above what its work costs by itself: while nothing receives traces, in a trace that was not
// chosen to be recorded, and recorded, batched, serialised and sent. A call has about 30 spans.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { cpuUsage } from 'node:process';
import { createLogger, insideTrace, SpanKind, startTracing, withSpan } from '@callweave/telemetry';

const ROUNDS = 5;
const SPANS = 20_000;
/** Fewer than the queue before the exporter holds: none is dropped unsent. */
const RECORDED = 6_000;
const notChosen = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

const options = {
  kind: SpanKind.CLIENT,
  attributes: { 'rpc.system': 'nats', 'rpc.service': 'media-control', 'rpc.method': 'rpc.media.offer' },
};
const work = (): Promise<number> => Promise.resolve(1);
const span = (): Promise<number> => withSpan('rpc.media.offer', options, work);

/** CPU of one go in µs, the median of the rounds after one that warms up. */
async function cost(go: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const used = await cpuOf(async () => {
      for (let n = 0; n < SPANS; n++) await go();
    });
    if (round > 0) rounds.push(used / SPANS);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}

async function cpuOf(action: () => Promise<unknown>): Promise<number> {
  const before = cpuUsage();
  await action();
  const { user, system } = cpuUsage(before);
  return user + system;
}

const receiver = createServer((request, response) => {
  request.resume().on('end', () => response.end('{}'));
});
receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');

const plain = await cost(work);
const untraced = await cost(span);
const stop = await startTracing({
  ...{ service: 'benchmark', instance: 'benchmark', version: '0', ratio: 1 },
  otlpUrl: `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}`,
  log: createLogger({ name: 'benchmark', level: 'warn', fd: 2 }),
});
const plainTraced = await cost(work);
const unchosen = await cost(() => insideTrace(notChosen, span));
const recorded = await cpuOf(async () => {
  for (let n = 0; n < RECORDED; n++) await span();
  await stop();
});
receiver.close();

const above = (used: number, base: number): number => Math.round(Math.max(0, used - base) * 100) / 100;
console.log(
  JSON.stringify({
    spans: SPANS,
    rounds: ROUNDS,
    cpuUsPerSpan: {
      withoutReceiver: above(untraced, plain),
      notChosen: above(unchosen, plainTraced),
      recordedAndSent: above(recorded / RECORDED, plainTraced),
    },
  }),
);
