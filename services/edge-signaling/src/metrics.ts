import { defineMetric } from '@callweave/telemetry';

export const registersHeld = defineMetric({
  name: 'callweave_edge_registers_held',
  kind: 'gauge',
  help: 'REGISTERs being answered now.',
  unit: '1',
  labels: [],
});

export const activeCalls = defineMetric({
  name: 'callweave_edge_calls',
  kind: 'gauge',
  help: 'Calls in hand, from INVITE to the end.',
  unit: '1',
  labels: [],
});

export const callsAdopted = defineMetric({
  name: 'callweave_edge_calls_adopted',
  kind: 'counter',
  help: 'Calls taken over from an edge that was gone.',
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
export const edgeMetrics = [registersHeld, activeCalls, callsAdopted, responsesSent] as const;
