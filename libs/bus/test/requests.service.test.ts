import { headers } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { type Bus } from '../src/bus.ts';
import { BusUnavailableError } from '../src/errors.ts';
import { ATTEMPT_END_HEADER } from '../src/headers.ts';
import { answer, MAX_IN_FLIGHT } from '../src/responder.ts';
import { type NatsServer, startNats } from '../src/testing.ts';
import { oracleProfile, pilgrimProfile, weather } from './weather.ts';

const PILGRIM = 'pppppppppppppppp';
const DELPHI = 'dddddddddddddddd';

let nats: NatsServer;
let pilgrim: Bus;
let oracle: Bus;
let held: (() => void)[];
let asked: string[];
let awaited: boolean[];

beforeAll(async () => {
  nats = await startNats({ profiles: [oracleProfile, pilgrimProfile] });
});

afterAll(() => nats.stop());

beforeEach(async () => {
  held = [];
  asked = [];
  awaited = [];
  pilgrim = await nats.bus(pilgrimProfile, PILGRIM);
  oracle = await nats.bus(oracleProfile, DELPHI);
  await oracle.serve([
    answer(weather, async ({ place }, { isAwaited }) => {
      const answered = await reply(place);
      awaited.push(isAwaited());
      return answered;
    }),
  ]);
});

afterEach(async () => {
  for (const release of held) release();
  await oracle.drain();
  await Promise.all([oracle.close(), pilgrim.close()]);
});

async function reply(place: string): Promise<{ sky: string }> {
  asked.push(place);
  switch (place) {
    case 'hold':
      await new Promise<void>((resolve) => held.push(resolve));
      return { sky: 'held' };
    case 'nonsense':
      return { sky: 7 as never };
    case 'unavailable':
      throw new BusUnavailableError('no leader');
    case 'broken':
      throw new Error('secret detail');
    default:
      return { sky: 'clear' };
  }
}

function ask(place: string, deadlineMs = 3_000): Promise<{ sky: string }> {
  return pilgrim.ask(weather, {}, { place }, { deadlineMs, attemptMs: 15_000 });
}

describe('a question', () => {
  test('is answered', async () => {
    expect(await ask('Linz')).toEqual({ sky: 'clear' });
  });

  test('that breaks its contract is refused with 400 and never reaches the service', async () => {
    await expect(ask(7 as never)).rejects.toMatchObject({ code: 'REQUEST_FAILED', status: 400 });
    expect(asked).toEqual([]);
  });

  test('whose answer breaks its contract fails at the asker', async () => {
    await expect(ask('nonsense')).rejects.toMatchObject({ code: 'CONTRACT' });
  });

  test.each([
    ['unavailable', 503, 'BUS_UNAVAILABLE'],
    ['broken', 500, 'failed'],
  ])('that ends %s is refused with %i and without the detail', async (place, status, description) => {
    await expect(ask(place)).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      status,
      message: `callweave.rpc.test.weather: ${String(status)} ${description}`,
    });
  });

  test('that nobody is there to answer ends at its deadline', async () => {
    await oracle.drain();
    await expect(ask('Linz', 300)).rejects.toMatchObject({ code: 'NO_ANSWER' });
  });

  test.for([
    ['is awaited while its asker waits for the one who was asked', 60_000, true],
    ['is not awaited any more when its asker is about to turn to another', 10, false],
    ['is awaited when its asker does not say how long', undefined, true],
  ] as const)('%s', async ([, turnsInMs, isAwaited]) => {
    const hdrs = headers();
    if (turnsInMs !== undefined) hdrs.set(ATTEMPT_END_HEADER, String(Date.now() + turnsInMs));
    const { nc } = await nats.operator();
    await nc.request(weather.subject({}), JSON.stringify({ place: 'Linz' }), { timeout: 15_000, headers: hdrs });
    expect(awaited).toEqual([isAwaited]);
  });

  test('is refused with 503 at once when too many are in hand, and those are still answered', async () => {
    const many = Array.from({ length: MAX_IN_FLIGHT }, () => ask('hold', 15_000));
    await eventually(() => expect(held).toHaveLength(MAX_IN_FLIGHT), { timeout: 5_000 });
    await expect(ask('Linz')).rejects.toMatchObject({ status: 503 });
    for (const release of held) release();
    expect(new Set((await Promise.all(many)).map(({ sky }) => sky))).toEqual(new Set(['held']));
    expect(await ask('Linz')).toEqual({ sky: 'clear' });
  });
});

describe('a draining service', () => {
  test('answers what it has in hand, and nothing new', async () => {
    const inHand = ask('hold', 15_000);
    await eventually(() => expect(held).toHaveLength(1));
    const drained = oracle.drain();
    await eventually(() => expect(ask('Linz', 100)).rejects.toMatchObject({ code: 'NO_ANSWER' }));
    for (const release of held) release();
    await drained;
    await oracle.close();
    expect(await inHand).toEqual({ sky: 'held' });
  });
});

describe('discovery', () => {
  interface Pong {
    readonly name: string;
    readonly version: string;
    readonly metadata: Record<string, string>;
  }

  test('the service is found by the tools of NATS, with its instance', async () => {
    const { nc } = await nats.operator();
    const pong = (await nc.request('$SRV.PING.oracle')).json<Pong>();
    expect(pong).toMatchObject({ name: 'oracle', version: '0.0.0', metadata: { instance: DELPHI } });
    const info = (await nc.request('$SRV.INFO.oracle')).json<{ endpoints: { name: string; subject: string }[] }>();
    expect(info.endpoints.map(({ name, subject }) => `${name} ${subject}`)).toEqual([
      'weather callweave.rpc.test.weather',
      `weather-${DELPHI} callweave.rpc.test.weather.${DELPHI}`,
    ]);
    const all = await nc.requestMany('$SRV.PING', undefined, { strategy: 'count' as never, maxMessages: 1 });
    for await (const one of all) expect(one.json<Pong>().name).toBe('oracle');
  });
});
