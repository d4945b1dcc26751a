import { FakeClock } from '@callweave/clock/testing';
import { type MediaServer, MediaServerUnavailableError } from '@callweave/mrf';
import { recordLogs } from '@callweave/telemetry/testing';
import { describe, expect, test } from 'vitest';
import { MediaConnection } from '../src/media-connection.ts';

/** A media server that can be lost. */
function fakeServer(): { readonly server: MediaServer; readonly lose: () => void; readonly isClosed: () => boolean } {
  let onLost = (): void => undefined;
  let isOpen = true;
  const fake: Pick<MediaServer, 'isConnected' | 'onLost' | 'close'> = {
    get isConnected() {
      return isOpen;
    },
    onLost: (listener) => {
      onLost = listener;
    },
    close: () => {
      isOpen = false;
    },
  };
  const lose = (): void => {
    isOpen = false;
    onLost();
  };
  return { server: fake as MediaServer, lose, isClosed: () => !isOpen };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the connection to the media server', () => {
  test('is tried again, ever more slowly, until it is there, and again when it is lost', async () => {
    const clock = new FakeClock();
    const { server, lose } = fakeServer();
    const attempts: number[] = [];
    const connect = (): Promise<MediaServer> => {
      attempts.push(clock.monotonicMs());
      return attempts.length === 8 || attempts.length === 10
        ? Promise.resolve(server)
        : Promise.reject(new MediaServerUnavailableError('unreachable'));
    };
    const media = new MediaConnection({ connect, clock, log: recordLogs() });
    media.open();
    for (let i = 0; i < 400; i++) {
      await settle();
      clock.advance(50);
    }
    expect(attempts).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 12_750, 17_750]);
    expect(media.server).toBe(server);
    lose();
    expect(media.server).toBeUndefined();
    clock.advance(250);
    expect(attempts).toHaveLength(9);
    await settle();
    media.close();
    clock.advance(60_000);
    expect(attempts).toHaveLength(9);
  });

  test('that comes after the end is let go', async () => {
    const { server, isClosed } = fakeServer();
    const media = new MediaConnection({
      connect: () => Promise.resolve(server),
      clock: new FakeClock(),
      log: recordLogs(),
    });
    media.open();
    media.close();
    await settle();
    expect([media.server, isClosed()]).toEqual([undefined, true]);
  });
});
