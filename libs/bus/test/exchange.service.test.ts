import { systemClock } from '@callweave/clock';
import { ErrorCode, headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, encode } from '../src/codec.ts';
import { Exchange } from '../src/exchange.ts';
import { type NatsServer, startNats } from '../src/testing.ts';

const LONG = { timeout: 20_000 };

let nats: NatsServer;
let nc: NatsConnection;
let exchange: Exchange;

beforeAll(async () => {
  nats = await startNats();
  ({ nc, exchange } = await nats.operator());
});

afterAll(() => nats.stop());

function echoAt(subject: string): void {
  nc.subscribe(subject, { callback: (_error, message) => void message.respond(message.data) });
}

describe('questions over one inbox', () => {
  test('of a thousand asked in one turn each gets its own answer', async () => {
    echoAt('many');
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => exchange.request('many', encode(n), LONG)));
    expect(answers.map(({ data }) => decode(data))).toEqual(numbers);
  });

  test('what is sent in one turn leaves in its order, in one write', async () => {
    const seen: unknown[] = [];
    nc.subscribe('order', { callback: (_error, message) => void seen.push(decode(message.data)) });
    echoAt('last');
    for (let n = 0; n < 10; n++) exchange.send('order', encode(n), headers(), () => undefined);
    const written = nc.stats().outMsgs;
    await exchange.request('last', undefined, LONG);
    expect(nc.stats().outMsgs - written).toBe(12);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('that nobody listens is said at once, not when the time is up', async () => {
    await expect(exchange.request('nobody', undefined, LONG)).rejects.toMatchObject({ code: ErrorCode.NoResponders });
  });

  test('a question that is not answered ends when its time is up', async () => {
    nc.subscribe('silent', { callback: () => undefined });
    const answer = exchange.request('silent', undefined, { timeout: 50 });
    await expect(answer).rejects.toMatchObject({ code: ErrorCode.Timeout });
  });

  test('one that is too large for the server fails alone', async () => {
    echoAt('small');
    const large = exchange.request('small', new Uint8Array(2_000_000), LONG);
    const small = exchange.request('small', encode('small'), LONG);
    await expect(large).rejects.toMatchObject({ code: ErrorCode.MaxPayloadExceeded });
    expect(decode((await small).data)).toBe('small');
  });

  test('whoever waits when the connection is closed is told so', async () => {
    const other = (await nats.operator()).nc;
    const closing = new Exchange(other, systemClock, '_INBOX_operator');
    other.subscribe('waits', { callback: () => undefined });
    const answer = closing.request('waits', undefined, LONG);
    const told = expect(answer).rejects.toMatchObject({ code: ErrorCode.ConnectionClosed });
    await other.close();
    await told;
  });
});
