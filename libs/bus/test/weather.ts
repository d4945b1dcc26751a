import {
  bindingAdded,
  type Consumption,
  defineRequest,
  instancesBucket,
  type ServiceProfile,
} from '@callweave/contracts';
import { z } from 'zod';

/** A question for these tests; `place` chooses how it is answered. */
export const weather = defineRequest('callweave.rpc.test.weather', {
  service: 'oracle',
  summary: 'A question for these tests.',
  request: z.object({ place: z.string() }),
  response: z.object({ sky: z.string() }),
});

const lease = { reads: [instancesBucket], writes: [instancesBucket] };

/** The service that answers it, and reads what was told. */
export const oracleProfile: ServiceProfile = {
  name: 'oracle',
  serves: [weather],
  asks: [],
  publishes: [bindingAdded],
  consumes: [{ event: bindingAdded, durable: 'oracle-added' } satisfies Consumption],
  ...lease,
};

/** The service that asks. */
export const pilgrimProfile: ServiceProfile = {
  name: 'pilgrim',
  serves: [],
  asks: [weather],
  publishes: [],
  consumes: [],
  ...lease,
};
