import { type ReceivedSpan } from './otlp-receiver.ts';

/** How a kind of span is drawn: it serves, asks, tells or hears; `.` goes on by itself. */
const SIGNS: Readonly<Record<number, string>> = { 2: '<', 3: '>', 4: '>>', 5: '<<' };

type Branch = ReadonlyMap<string, Branch>;

/**
 * The tree of one trace, a span a line, children below their parent in alphabetical order: when they began is known to
 * the millisecond only. What was done twice (a question that was asked again) is drawn once. A span whose parent never
 * arrived is marked with `?`.
 */
export function spanTree(spans: readonly ReceivedSpan[], traceId: string): string[] {
  const own = spans.filter((span) => span.traceId === traceId);
  const known = new Set(own.map(({ spanId }) => spanId));
  const grow = (siblings: readonly ReceivedSpan[]): Branch => {
    const lines = new Set(siblings.map((span) => lineOf(span, known)));
    return new Map(
      [...lines].map((line) => {
        const same = new Set(siblings.filter((span) => lineOf(span, known) === line).map(({ spanId }) => spanId));
        return [line, grow(own.filter(({ parentSpanId = '' }) => same.has(parentSpanId)))];
      }),
    );
  };
  return draw(grow(own.filter(({ parentSpanId = '' }) => !known.has(parentSpanId))), 0);
}

function lineOf({ service, kind, name, parentSpanId = '' }: ReceivedSpan, known: ReadonlySet<string>): string {
  const isOrphan = parentSpanId !== '' && !known.has(parentSpanId);
  return `${isOrphan ? '? ' : ''}${service} ${SIGNS[kind] ?? '.'} ${name}`;
}

function draw(branch: Branch, depth: number): string[] {
  return [...branch]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([line, below]) => [`${'  '.repeat(depth)}${line}`, ...draw(below, depth + 1)]);
}
