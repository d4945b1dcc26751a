import { FakeClock } from '@callweave/clock/testing';
import { type KeyRing, nonceKeysBucket } from '@callweave/contracts';
import { recordLogs } from '@callweave/telemetry/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { encode } from '../src/codec.ts';
import { type Connection } from '../src/connection.ts';
import { Watch } from '../src/watch.ts';

interface FakeEntry {
  readonly operation: 'PUT';
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** A KV watch of the client: a queue of entries, and of calls, that is read later than it is filled. */
class FakeIterator {
  readonly #queue: (FakeEntry | (() => void))[] = [];
  #received = 0;
  #wake = (): void => undefined;
  #stopped = false;

  push(...keys: string[]): void {
    const value = encode({ keys: [{ id: 'k', secret: 's', createdAt: 1 }] });
    for (const key of keys) this.#queue.push({ operation: 'PUT', key, value, revision: ++this.#received });
    this.#wake();
  }

  call(action: () => void): void {
    this.#queue.push(action);
    this.#wake();
  }

  getReceived(): number {
    return this.#received;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FakeEntry> {
    for (;;) {
      const next = this.#queue.shift();
      if (typeof next === 'function') next();
      else if (next !== undefined) yield next;
      else if (this.#stopped) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

let watch: Watch<typeof KeyRing> | undefined;

afterEach(() => watch?.stop());

/** Follows what `opened` sets up at each opening; returns what was told, and a way to reconnect. */
function follow(opened: (iterator: FakeIterator, initialized: () => void) => void) {
  const seen: string[] = [];
  const clock = new FakeClock();
  const state = { iterators: 0, reconnect: (): void => undefined, iterator: new FakeIterator() };
  const kv = {
    watch: ({ initializedFn }: { initializedFn: () => void }) => {
      state.iterators += 1;
      state.iterator = new FakeIterator();
      opened(state.iterator, initializedFn);
      return Promise.resolve(state.iterator);
    },
  };
  const connection = {
    js: { views: { kv: () => Promise.resolve(kv) } },
    onReconnect: (action: () => void) => (state.reconnect = action),
  };
  const handler = { onRecord: (key: string) => seen.push(key), onCurrent: () => seen.push('current') };
  watch = new Watch(
    { type: nonceKeysBucket, handler },
    { connection: connection as unknown as Connection, clock, log: recordLogs() },
  );
  return { seen, state, clock };
}

describe('a watch', () => {
  test('is current after the last record, even when the client says so before it has handed out the first', async () => {
    const { seen } = follow((iterator, initialized) => {
      iterator.push('a', 'b');
      initialized();
    });
    await eventually(() => expect(seen).toEqual(['a', 'b', 'current']));
  });

  test('is current when the client says so after the last record', async () => {
    const { seen } = follow((iterator, initialized) => {
      iterator.push('a', 'b');
      iterator.call(initialized);
      iterator.push('c');
    });
    await eventually(() => expect(seen).toEqual(['a', 'b', 'current', 'c']));
  });

  test('is opened again after a reconnection, and what the old one still had is not told', async () => {
    const { seen, state } = follow((iterator, initialized) => {
      iterator.push('a');
      initialized();
    });
    await eventually(() => expect(seen).toEqual(['a', 'current']));
    const old = state.iterator;
    state.reconnect();
    expect(watch?.isCurrent).toBe(false);
    old.push('late');
    await eventually(() => expect(seen).toEqual(['a', 'current', 'a', 'current']));
  });

  test('is opened again a moment after it ended by itself', async () => {
    const { seen, state, clock } = follow((iterator, initialized) => {
      iterator.push('a');
      initialized();
    });
    await eventually(() => expect(seen).toHaveLength(2));
    state.iterator.stop();
    await eventually(() => expect(clock.pending).toBe(1));
    clock.advance(500);
    await eventually(() => expect(seen).toEqual(['a', 'current', 'a', 'current']));
    expect(state.iterators).toBe(2);
  });
});
