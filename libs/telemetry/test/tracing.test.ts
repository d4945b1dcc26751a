import { expect, test } from 'vitest';
import { recordSpans } from '@callweave/telemetry/testing';
import {
  activeTrace,
  bound,
  insideSpan,
  insideTrace,
  note,
  SpanKind,
  startSpan,
  tracesUrl,
  withSpan,
  withStep,
} from '../src/index.ts';

const elsewhere = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const spans = recordSpans();

test('what a span awaits belongs to it, and what goes wrong there is told', async () => {
  const work = withSpan('outer', {}, () =>
    withSpan('inner', {}, () => {
      note('tried');
      return Promise.reject(new Error('no'));
    }),
  );
  await expect(work).rejects.toThrow('no');
  const [inner, outer] = spans();
  expect(inner).toMatchObject({ parentSpanId: outer?.spanId, traceId: outer?.traceId, isFailed: true });
  expect(inner?.events).toEqual(['tried', 'exception']);
});

test('a trace goes on elsewhere by its traceparent', async () => {
  const handedOver = await withSpan('question', { kind: SpanKind.CLIENT, parent: elsewhere }, () =>
    Promise.resolve(activeTrace()),
  );
  await withSpan('answer', { kind: SpanKind.SERVER, parent: handedOver }, () => Promise.resolve());
  const [question, answer] = spans();
  expect(question).toMatchObject({ traceId: elsewhere.slice(3, 35), parentSpanId: elsewhere.slice(36, 52) });
  expect(answer).toMatchObject({ traceId: question?.traceId, parentSpanId: question?.spanId });
});

test('a trace that was not chosen to be recorded is not recorded elsewhere either', async () => {
  const handedOver = await withSpan('question', { parent: elsewhere.replace(/1$/, '0') }, () =>
    Promise.resolve(activeTrace()),
  );
  expect(handedOver).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
  expect(spans()).toEqual([]);
});

test.each([['nothing'], [`${elsewhere}-`], ['00-00000000000000000000000000000000-b7ad6b7169203331-01']])(
  'a traceparent %s that cannot be read begins a trace',
  (parent) => {
    startSpan('x', { kind: SpanKind.SERVER, parent }).end();
    expect(spans()).toMatchObject([{ parentSpanId: undefined }]);
  },
);

test('a request that comes in while something else goes on begins a trace of its own', () => {
  const other = startSpan('other');
  insideSpan(other, () => startSpan('request', { kind: SpanKind.SERVER }).end());
  other.end();
  const [request] = spans();
  expect(request?.parentSpanId).toBeUndefined();
});

test('a callback belongs to where it was made, whoever calls it', () => {
  const call = insideTrace(elsewhere, () => bound(() => startSpan('later').end()));
  const other = startSpan('other');
  insideSpan(other, call);
  expect(spans()).toMatchObject([{ name: 'later', parentSpanId: elsewhere.slice(36, 52) }]);
});

test('a step outside a trace is done without a span', async () => {
  expect(await withStep('step', {}, () => Promise.resolve(1))).toBe(1);
  expect(await insideTrace(elsewhere, () => withStep('step', {}, () => Promise.resolve(2)))).toBe(2);
  expect(spans()).toMatchObject([{ name: 'step', parentSpanId: elsewhere.slice(36, 52) }]);
});

test.each([
  ['http://jaeger:4318', 'http://jaeger:4318/v1/traces'],
  ['http://jaeger:4318/', 'http://jaeger:4318/v1/traces'],
  ['https://example.org/otlp', 'https://example.org/otlp/v1/traces'],
])('traces for %s go to %s', (base, url) => {
  expect(tracesUrl(base)).toBe(url);
});
