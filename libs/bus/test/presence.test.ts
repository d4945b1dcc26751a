import { FakeClock } from '@callweave/clock/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { Presence } from '../src/presence.ts';

let clock: FakeClock;
let presence: Presence;

beforeEach(() => {
  clock = new FakeClock();
  presence = new Presence(clock);
});

describe('a connection', () => {
  it('that is there is not waited for', async () => {
    expect(await presence.comesBack()).toBe(true);
  });

  it('that was lost a moment ago is waited for until it is back', async () => {
    presence.changed(false);
    clock.advance(300);
    const waiting = [presence.comesBack(), presence.comesBack()];
    clock.advance(600);
    presence.changed(true);
    expect(await Promise.all(waiting)).toEqual([true, true]);
  });

  it('is waited for no longer than a second after its loss', async () => {
    presence.changed(false);
    clock.advance(300);
    const waiting = presence.comesBack();
    clock.advance(700);
    expect(await waiting).toBe(false);
    expect(await presence.comesBack()).toBe(false);
  });

  it('is away once that second is over, and not before', () => {
    expect(presence.isAway).toBe(false);
    presence.changed(false);
    clock.advance(999);
    expect(presence.isAway).toBe(false);
    clock.advance(1);
    expect(presence.isAway).toBe(true);
    presence.changed(true);
    expect(presence.isAway).toBe(false);
  });

  it('that is told to be lost once more was lost when it was told first', async () => {
    presence.changed(false);
    clock.advance(900);
    presence.changed(false);
    clock.advance(100);
    expect(await presence.comesBack()).toBe(false);
  });

  it('that is lost again is waited for again', async () => {
    presence.changed(false);
    const first = presence.comesBack();
    clock.advance(900);
    presence.changed(true);
    presence.changed(false);
    const second = presence.comesBack();
    clock.advance(900);
    presence.changed(true);
    expect(await Promise.all([first, second])).toEqual([true, true]);
  });
});
