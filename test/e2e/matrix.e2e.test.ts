import { type Connection } from '@callweave/bus';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { openCalls } from '../support/call-facts.ts';
import { mediaSessions } from '../support/media-sessions.ts';
import { countOfEnginesElsewhere, type Platform, startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';
import { places } from './matrix/row.ts';
import { rows } from './matrix/rows.ts';
import { play } from './matrix/stage.ts';

let platform: Platform;
let bus: Connection;

beforeAll(async () => {
  platform = await startPlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
  bus = await platform.bus();
});

afterAll(async () => {
  const isOver = async (): Promise<boolean> => (await mediaSessions(platform)) + (await openCalls(bus)).length === 0;
  await until('nothing is left of any call', isOver, 30_000).finally(() => platform.stop());
});

/** Whoever has engines of his own may have one, and that may be a drachtio-server. */
const elsewhere = countOfEnginesElsewhere();
const shownAt = places.filter((place) => place === 'one edge' || elsewhere !== 1);
const shown = rows.filter(({ notByDrachtio }) => elsewhere === undefined || notByDrachtio === undefined);

describe.each(shownAt)('every phone sees its ladder, at %s', (place) => {
  for (const row of shown.filter(({ oneEdge }) => place === 'one edge' || oneEdge === undefined)) {
    test.concurrent(row.feature, async ({ expect }) => {
      const played = [...(await play(row, place, { bus, edges: platform.sip }))];
      const seen = played.map(([phone, { ladder }]) => [phone, ...ladder]);
      const errors = played.map(([, { errors }]) => errors).join('\n');
      expect(seen, errors).toEqual(played.map(([phone, { expected }]) => [phone, ...expected]));
    });
  }
});
