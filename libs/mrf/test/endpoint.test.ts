import { MediaEndpoint, type Timers } from '@callweave/mrf';
import { beforeEach, describe, expect, test } from 'vitest';
import { type FsmrfEndpoint } from '../src/fsmrf.ts';

type Listener = Parameters<FsmrfEndpoint['on']>[1];

let seen: string[];
let listeners: Listener[];
let fire: (() => void)[];
let onDestroy: () => Promise<void>;
let endpoint: MediaEndpoint;

const timers: Timers = {
  after: (delayMs, action) => {
    const entry = (): void => {
      seen.push(`after ${delayMs}`);
      action();
    };
    fire.push(entry);
    return { cancel: () => (fire = fire.filter((one) => one !== entry)) };
  },
};

beforeEach(() => {
  [seen, listeners, fire] = [[], [], []];
  onDestroy = () => Promise.resolve();
  const fsmrf: FsmrfEndpoint = {
    ...{ uuid: 'e1', connected: true, local: { sdp: 'ours' } },
    conn: { disconnect: () => seen.push('disconnect') },
    dialog: { destroy: () => seen.push('BYE') },
    play: () => Promise.reject(new Error('File Not Found')),
    execute: () => Promise.reject(new Error('broken')),
    modify: () => Promise.resolve(),
    destroy: () => {
      seen.push('destroy');
      return onDestroy();
    },
    on: (_event, listener) => listeners.push(listener),
  };
  endpoint = new MediaEndpoint(fsmrf, timers);
});

describe('an endpoint', () => {
  test('whose media server dies without a word is ended by SIP a second later', async () => {
    endpoint.onGone((reason) => seen.push(`gone ${String(reason)}`));
    for (const listener of listeners) listener({});
    for (const action of fire) action();
    await endpoint.destroy();
    expect(seen).toEqual(['gone undefined', 'after 1000', 'BYE']);
  });

  test('is released once, and by SIP too when the media server does not do it in time', async () => {
    onDestroy = () => new Promise(() => undefined);
    const destroying = endpoint.destroy();
    for (const action of fire) action();
    await expect(destroying).rejects.toMatchObject({ code: 'ENDPOINT_DESTROY_TIMEOUT' });
    await endpoint.destroy();
    expect(seen).toEqual(['destroy', 'after 2000', 'BYE']);
  });

  test('tells a missing sound from other failures', async () => {
    await expect(endpoint.play('a.wav')).rejects.toMatchObject({ code: 'SOUND_NOT_FOUND', sound: 'a.wav' });
    await expect(endpoint.execute('echo')).rejects.toThrow('broken');
    expect(await endpoint.modify('theirs')).toBe('ours');
  });
});
