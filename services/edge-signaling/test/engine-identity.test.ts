import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineIdentity } from '../src/engine-identity.ts';

let stateDir: string;

beforeEach(() => (stateDir = mkdtempSync(join(tmpdir(), 'engine-identity-'))));
afterEach(() => rmSync(stateDir, { recursive: true }));

const [one, two, three] = ['engineoneoneoneo', 'enginetwotwotwot', 'enginethreethree'];

test('an engine that tells who it is has that name, and is the successor of those before it, the latest first', () => {
  expect(engineIdentity(one, stateDir)).toEqual({ instance: one, before: [] });
  expect(engineIdentity(two, stateDir)).toEqual({ instance: two, before: [one] });
  expect(engineIdentity(three, stateDir)).toEqual({ instance: three, before: [two, one] });
});

test('an edge that starts again knows its engine, and whose calls it had not got to yet', () => {
  engineIdentity(one, stateDir);
  engineIdentity(two, stateDir);
  expect(engineIdentity(undefined, stateDir)).toEqual({ instance: two, before: [one] });
  expect(engineIdentity(two, stateDir)).toEqual({ instance: two, before: [one] });
});

test('one that does not tell is given a name that it keeps', () => {
  const { instance } = engineIdentity(undefined, stateDir);
  expect(instance).toMatch(/^[a-z2-7]{16}$/);
  expect(engineIdentity(undefined, stateDir)).toEqual({ instance, before: [] });
});

test('of a long row of engines the latest are known', () => {
  const ids = Array.from({ length: 12 }, (_, index) => `engine${'abcdefghijkl'[index] ?? ''}aaaaaaaaa`);
  for (const id of ids) engineIdentity(id, stateDir);
  expect(engineIdentity(undefined, stateDir).before).toEqual(ids.slice(3, 11).reverse());
});
