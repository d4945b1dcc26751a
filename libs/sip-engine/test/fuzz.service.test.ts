import { fuzz } from '@callweave/sip-engine/testing';
import { expect, test } from 'vitest';
import { tortureMessages } from './torture/corpus.ts';

test('nothing that strangers send for 6 s ends, stops or fills the engine, its parser or its framers', async () => {
  const corpus = ['rfc4475-valid.txt', 'rfc4475-invalid.txt', 'rfc4475-meaning.txt', 'rfc5118.txt']
    .flatMap(tortureMessages)
    .map(({ bytes }) => bytes);
  const { inputs } = await fuzz({ durationMs: 6_000, seed: 1, corpus });
  for (const [target, count] of Object.entries(inputs)) expect(count, target).toBeGreaterThan(0);
});
