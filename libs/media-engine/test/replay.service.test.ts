import { startTestEngine, type TestEngine } from '@callweave/media-engine/testing';
import { sine } from '@callweave/rtp/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { replay } from './replay.ts';

let engine: TestEngine;

beforeEach(async () => {
  engine = await startTestEngine({ sounds: { 'tone1s.wav': sine(600, 1_000), 'tone5s.wav': sine(600, 5_000) } });
});

afterEach(() => engine.stop());

describe('what drachtio-fsmrf did to FreeSWITCH gets the same answers here, in the same order', () => {
  test.for([
    ['connect'],
    ['auth-fail'],
    ['create-play'],
    ['create-3pcc-modify'],
    ['play-missing'],
    ['destroy-by-bye'],
    ['unknown-app'],
    ['codec-mismatch'],
  ])('%s', async ([name = '']) => {
    const { wanted, seen } = await replay(name, engine);
    expect(seen).toEqual(wanted);
    expect(wanted.length).toBeGreaterThan(2);
    await vi.waitFor(() => expect(engine.stats()).toEqual({ calls: 0, mediaPorts: 0, clients: 0 }), 10_000);
  });
});
