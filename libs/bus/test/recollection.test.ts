import { expect, test } from 'vitest';
import { Recollection } from '../src/recollection.ts';

test('beyond its limit the oldest is forgotten, and what is written again is not new', () => {
  const recollection = new Recollection<string>(2);
  recollection.set('a', { value: 'a1', revision: 1 });
  recollection.set('b', { value: 'b1', revision: 2 });
  recollection.set('b', { value: 'b2', revision: 3 });
  expect(recollection.get('a')).toEqual({ value: 'a1', revision: 1 });
  recollection.set('c', { value: 'c1', revision: 4 });
  expect(['a', 'b', 'c'].map((key) => recollection.get(key)?.value)).toEqual([undefined, 'b2', 'c1']);
});
