import { defineEvent } from '@callweave/contracts';
import { z } from 'zod';
import { type Fact } from '../src/publisher.ts';

/** An event for these tests. */
export const thingTold = defineEvent('callweave.registration.v1.{tenant}.{user}.test', {
  summary: 'A fact for these tests.',
  data: z.object({ n: z.number() }),
});

/** The fact `id` about `user`. */
export function told(id: string, user = 'alice', n = 0): Fact<typeof thingTold.pattern, typeof thingTold.data> {
  return { type: thingTold, tokens: { tenant: 'default', user }, id, data: { n }, context: { tenant: 'default' } };
}
