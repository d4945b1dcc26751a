import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../src/journal.ts';
import { type JournalLine, notesIn, unfinished } from '../src/journal-line.ts';

let directory: string;
let journal: Journal;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'callweave-journal-'));
  journal = await Journal.open(directory, 'edge');
});

afterEach(() => {
  journal.close();
  rmSync(directory, { recursive: true, force: true });
});

function path(): string {
  const [name = ''] = readdirSync(directory).filter((entry) => entry.endsWith('.journal'));
  return join(directory, name);
}

/** The content of a fact that fills the file. */
const BIG = JSON.stringify({ text: 'x'.repeat(100_000) });

/** What another process would find unfinished now. */
function left(): string[] {
  return unfinished(readFileSync(path(), 'utf8')).map(({ id }) => id);
}

function append(id: string, payload = '{}'): JournalLine {
  return journal.append({ subject: 'callweave.test.v1.thing', id, payload });
}

describe('the journal', () => {
  test('keeps what was told and not acknowledged', () => {
    for (const id of ['a', 'b', 'c']) append(id);
    journal.acknowledge(2);
    journal.settle();
    expect(left()).toEqual(['c']);
  });

  test('says what is acknowledged in the same write as the next fact, or when it is settled', () => {
    append('a');
    journal.acknowledge(1);
    expect(left()).toEqual(['a']);
    append('b');
    expect(left()).toEqual(['b']);
    journal.acknowledge(2);
    journal.settle();
    expect(left()).toEqual([]);
  });

  test('of an earlier version, in which facts are strings, is read as well', () => {
    const line = { n: 1, subject: 'callweave.test.v1.thing', id: 'a', payload: '{"text":"old"}' };
    expect(unfinished(`${JSON.stringify(line)}\n`)).toEqual([line]);
  });

  test('keeps a fact as it was told', () => {
    const line = append('a', JSON.stringify({ text: 'Grüße\n"zitiert"' }));
    expect(unfinished(readFileSync(path(), 'utf8'))).toEqual([line]);
  });

  test('keeps notes for a successor, with a fact or alone, and counts none of them as told', () => {
    journal.append({
      subject: 'callweave.test.v1.thing',
      id: 'a',
      payload: '{}',
      note: { about: 'x', value: { of: 1 } },
    });
    journal.note({ about: 'x', value: 'heard' });
    journal.note({ about: 'y', value: 'over' });
    journal.acknowledge(1);
    journal.settle();
    expect(left()).toEqual([]);
    const notes = notesIn(readFileSync(path(), 'utf8'));
    expect([...notes]).toEqual([
      ['x', [{ of: 1 }, 'heard']],
      ['y', ['over']],
    ]);
  });

  test('counts a torn last line as not told', () => {
    append('a');
    appendFileSync(path(), '{"n":2,"subject":"callweave.te');
    expect(left()).toEqual(['a']);
  });

  test('is readable by nobody else', () => {
    append('a');
    expect(statSync(path()).mode & 0o077).toBe(0);
  });

  test('is emptied when it has grown and everything is acknowledged', () => {
    let last = 0;
    while (statSync(path()).size < 1_048_576) last = append('a', BIG).n;
    journal.acknowledge(last);
    expect(statSync(path()).size).toBe(0);
    append('b');
    expect(left()).toEqual(['b']);
    journal.acknowledge(last + 1);
    journal.settle();
    expect(left()).toEqual([]);
  });

  test('has the notes that are still needed when it is tidied, and no others', () => {
    const of = (about: string, value: unknown): void => journal.note({ about, value });
    const noted = (): unknown[] => [...notesIn(readFileSync(path(), 'utf8'))];
    const grow = (): void => {
      let last = 0;
      while (statSync(path()).size < 1_048_576) last = append('a', BIG).n;
      journal.acknowledge(last);
    };
    const needed = new Set(['x']);
    journal.keepNotes((about) => needed.has(about));
    of('x', 'begun');
    of('y', 'begun');
    grow();
    of('x', 'answered');
    expect(noted()).toEqual([['x', ['begun', 'answered']]]);
    grow();
    expect(noted()).toEqual([['x', ['begun', 'answered']]]);
    expect(left()).toEqual([]);
    needed.clear();
    while (statSync(path()).size < 2_000_000) append('b', BIG);
    journal.acknowledge(1_000_000);
    expect(statSync(path()).size).toBe(0);
  });

  test('does not grow for ever while there is always a fact under way', () => {
    let largest = 0;
    for (let count = 0; count < 100; count++) {
      const { n } = append(`fact-${String(count)}`, BIG);
      journal.acknowledge(n - 1);
      largest = Math.max(largest, statSync(path()).size);
    }
    expect(largest).toBeLessThan(1_500_000);
    journal.settle();
    expect(left()).toEqual(['fact-99']);
    expect(append('after').n).toBe(101);
    journal.acknowledge(100);
    journal.settle();
    expect(left()).toEqual(['after']);
  });

  test('goes when it is closed without open facts, and stays with one', async () => {
    append('a');
    journal.acknowledge(1);
    journal.close();
    expect(readdirSync(directory)).toEqual([]);
    journal = await Journal.open(directory, 'edge');
    append('b');
    journal.close();
    expect(readdirSync(directory)).toHaveLength(1);
    journal = await Journal.open(directory, 'other');
  });

  test('never continues the file of an earlier life, whose acknowledgements would swallow its facts', async () => {
    append('old');
    journal.close();
    journal = await Journal.open(directory, 'edge');
    append('new');
    expect(readdirSync(directory).filter((entry) => entry.endsWith('.journal'))).toHaveLength(2);
  });
});
