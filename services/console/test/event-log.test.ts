import { beforeEach, describe, expect, test } from 'vitest';
import { EventLog, formatCursor, parseCursor } from '../src/live/event-log.ts';
import { begun } from './samples.ts';

let log: EventLog;

beforeEach(() => {
  log = new EventLog();
  log.restart('calls', 100);
  log.restart('registrations', 0);
});

function add(...positions: number[]): void {
  for (const position of positions) log.add('calls', position, 'default', begun(position));
}

function since(text: string): number[] | undefined {
  const cursor = parseCursor(text);
  return cursor === undefined ? undefined : log.since(cursor)?.map(({ position }) => position);
}

describe('a reader that comes back', () => {
  test('is told exactly what it missed', () => {
    add(101, 102, 105);
    expect(since('101.0')).toEqual([102, 105]);
    expect(since('105.0')).toEqual([]);
    expect(formatCursor(log.cursor)).toBe('105.0');
  });

  test.each([
    ['was away for longer than is kept', '99.0'],
    ['was told by a stream that is no more', '106.0'],
    ['never was here', 'nonsense'],
  ])('starts anew when it %s', (_title, cursor) => {
    add(101, 102, 105);
    expect(since(cursor)).toBeUndefined();
  });

  test('starts anew when it missed more than it is worth telling', () => {
    add(...Array.from({ length: 1_001 }, (_, i) => 101 + i));
    expect(since('100.0')).toBeUndefined();
    expect(since('101.0')).toHaveLength(1_000);
  });
});

describe('the log', () => {
  test('keeps the last five thousand events and no more', () => {
    add(...Array.from({ length: 6_000 }, (_, i) => 101 + i));
    expect(log.recent(10_000)).toHaveLength(5_000);
    expect(log.recent(2).map(({ position }) => position)).toEqual([6_099, 6_100]);
    expect(since('1100.0')).toBeUndefined();
    expect(since('5100.0')).toHaveLength(1_000);
  });

  test('tells its readers until they leave, and of losses', () => {
    const seen: string[] = [];
    const leave = log.subscribe({
      onEvent: ({ position }) => seen.push(String(position)),
      onReset: () => seen.push('reset'),
    });
    add(101);
    log.restart('calls', 7);
    leave();
    add(8);
    expect(seen).toEqual(['101', 'reset']);
    expect(since('7.0')).toEqual([8]);
  });
});
