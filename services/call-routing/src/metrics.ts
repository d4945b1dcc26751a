import { defineMetric } from '@callweave/telemetry';

export const callsRouted = defineMetric({
  name: 'callweave_routing_calls',
  kind: 'counter',
  help: 'Calls by where they go first: user, application, or the status they are refused with.',
  unit: '1',
  labels: ['to'],
});

/** Every metric of this package; the reference is generated from it. */
export const callRoutingMetrics = [callsRouted] as const;
