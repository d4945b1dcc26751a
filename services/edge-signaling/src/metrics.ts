import { defineMetric } from '@callweave/telemetry';

export const registersHeld = defineMetric({
  name: 'callweave_edge_registers_held',
  kind: 'gauge',
  help: 'REGISTERs being answered now.',
  unit: '1',
  labels: [],
});

export const responsesSent = defineMetric({
  name: 'callweave_edge_responses',
  kind: 'counter',
  help: 'Final responses by method and status.',
  unit: '1',
  labels: ['method', 'status'],
});

/** Every metric of this package; the reference is generated from it. */
export const edgeMetrics = [registersHeld, responsesSent] as const;
