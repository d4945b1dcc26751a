import { MediaNodeId } from '@callweave/contracts';
import { expect, test } from 'vitest';
import { NodeLives } from '../src/re-anchor/node-lives.ts';

const life = (startSec: number, address = 'a:1'): MediaNodeId => MediaNodeId.parse(`${address}@${String(startSec)}`);

test('a node is gone when it was told to be down, until it is told to be back', () => {
  const lives = new NodeLives();
  expect(lives.isGone(life(100))).toBe(false);
  lives.note(life(100), false);
  expect([lives.isGone(life(100)), lives.isGone(life(100, 'b:1')), lives.isGone(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  lives.note(life(100), true);
  expect(lives.isGone(life(100))).toBe(false);
});

test('a node that was started anew is gone with all that it held, though its address answers', () => {
  const lives = new NodeLives();
  lives.note(life(200), true);
  expect([lives.isGone(life(100)), lives.isGone(life(200))]).toEqual([true, false]);
});

test('what is told late of an earlier life changes nothing', () => {
  const lives = new NodeLives();
  lives.note(life(200), true);
  lives.note(life(100), false);
  expect(lives.isGone(life(200))).toBe(false);
  lives.note(life(100), true);
  expect(lives.isGone(life(100))).toBe(true);
});

test('observers read the second of a start off clocks of their own and mean the same life', () => {
  const lives = new NodeLives();
  lives.note(life(101), false);
  expect([lives.isGone(life(99)), lives.isGone(life(103)), lives.isGone(life(105))]).toEqual([true, true, false]);
});
