import { expect, test } from 'vitest';
import { activeTrace, insideSpan, SpanKind, startSpan, traceParentOf, withSpan } from '../src/index.ts';

test('without a receiver of traces nothing is recorded and no message carries a trace', async () => {
  const span = startSpan('request', { kind: SpanKind.SERVER });
  expect(span.isRecording()).toBe(false);
  expect(traceParentOf(span)).toBeUndefined();
  expect(insideSpan(span, activeTrace)).toBeUndefined();
  expect(await withSpan('work', {}, () => Promise.resolve(activeTrace()))).toBeUndefined();
});
