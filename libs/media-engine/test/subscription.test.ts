import { expect, describe, test } from 'vitest';
import { type EslEvent } from '../src/control/event.ts';
import { Subscription } from '../src/control/subscription.ts';

const event = (name: string, headers: Record<string, string> = {}, subclass?: string): EslEvent => ({
  name,
  subclass,
  headers: new Map(Object.entries(headers)),
});

describe('a subscription', () => {
  test('wants the events it names, with or without their prefix, and nothing else', () => {
    const subscription = new Subscription();
    expect(subscription.wants(event('DTMF'))).toBe(false);
    expect(subscription.add(['DTMF', 'SWITCH_EVENT_PLAYBACK_START'])).toBe(true);
    expect(['DTMF', 'PLAYBACK_START', 'PLAYBACK_STOP'].map((name) => subscription.wants(event(name)))).toEqual([
      true,
      true,
      false,
    ]);
    subscription.remove(['DTMF']);
    expect(subscription.wants(event('DTMF'))).toBe(false);
    expect(subscription.add([''])).toBe(false);
  });

  test('takes every word after CUSTOM for a subclass', () => {
    const subscription = new Subscription();
    subscription.add(['CUSTOM', 'conference::maintenance', 'BACKGROUND_JOB']);
    expect(subscription.wants(event('CUSTOM', {}, 'conference::maintenance'))).toBe(true);
    expect(subscription.wants(event('CUSTOM', {}, 'other::thing'))).toBe(false);
    expect(subscription.wants(event('BACKGROUND_JOB'))).toBe(false);
  });

  test('with filters wants what passes at least one of them', () => {
    const subscription = new Subscription();
    subscription.add(['all']);
    subscription.addFilter('Unique-ID', 'AB');
    subscription.addFilter('Room', 'x');
    expect(subscription.wants(event('DTMF', { 'Unique-ID': 'ab' }))).toBe(true);
    expect(subscription.wants(event('DTMF', { 'Unique-ID': 'cd', Room: 'X' }))).toBe(true);
    expect(subscription.wants(event('DTMF'))).toBe(false);
    subscription.removeFilter('Room', 'y');
    subscription.removeFilter('Unique-ID');
    expect(subscription.wants(event('DTMF', { 'Unique-ID': 'ab' }))).toBe(false);
    subscription.removeFilter('Room', 'x');
    expect(subscription.wants(event('DTMF'))).toBe(true);
    subscription.clear();
    expect(subscription.wants(event('DTMF'))).toBe(false);
  });
});
