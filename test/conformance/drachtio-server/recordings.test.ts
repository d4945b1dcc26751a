import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimNetwork, type Network } from '../support/network.ts';
import { meantDeviations } from './deviations.ts';
import { readRecording } from './recording.ts';
import { replay } from './replay.ts';

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
    const deviations = await replay(readRecording(name), network.prefix, compat);
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
