import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimNetwork, type Network } from '../support/network.ts';
import { meantDeviations } from './deviations.ts';
import { replay } from './replay.ts';
import { spellings } from './spelling.ts';

const recordings = readdirSync(new URL('transcripts', import.meta.url))
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.slice(0, -'.jsonl'.length));

let network: Network;

beforeAll(async () => {
  network = await claimNetwork();
});

afterAll(() => network.release());

describe.each([undefined, 'drachtio'] as const)('the engine, with --compat %s,', (compat) => {
  test.each(recordings)('says what drachtio-server was recorded saying: %s', async (name) => {
    const deviations = await replay(name, network.prefix, compat);
    const mode = compat === undefined ? 'plain' : 'compat';
    const meant = (meantDeviations[name] ?? []).filter(({ only }) => only === undefined || only === mode);
    const texts = deviations.map(
      ({ recorded = '', here = '' }) => `${recorded === '' ? '' : `${recorded}\n`}=>\n${here}`,
    );
    expect(texts.filter((text) => !meant.some(({ says }) => says.test(text)))).toEqual([]);
    // What does not happen any more is to be taken out.
    expect(meant.filter(({ says }) => !texts.some((text) => says.test(text)))).toEqual([]);
  });
});

test('every deviation that is meant belongs to a recording', () => {
  expect(Object.keys(meantDeviations).filter((name) => !recordings.includes(name))).toEqual([]);
});

describe('docs/drachtio-compatibility.md', () => {
  const text = readFileSync(new URL('../../../docs/drachtio-compatibility.md', import.meta.url), 'utf8');
  /** What each row is about, and whether `--compat drachtio` brings the original back. */
  const rows = new Map(
    text
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
      .map((cells) => [cells[1], cells.at(-2)]),
  );
  const meant = Object.values(meantDeviations).flat();

  test.each([...new Set(meant.filter(({ only }) => only === 'plain').map(({ row }) => row))])(
    'lists as what --compat drachtio takes away: %s',
    (row) => expect(rows.get(row)).toBe('yes'),
  );

  test.each(spellings)('lists as what --compat drachtio spells otherwise: $row', ({ row }) => {
    expect(rows.get(row)).toBe('yes');
  });

  test.each(meant.filter(({ staysSince }) => staysSince !== undefined))(
    'lists as what stays with --compat drachtio: $row, since $staysSince',
    ({ row }) => expect(rows.get(row)).toBe('no'),
  );
});
