import { defineMetric } from '@callweave/telemetry';

export const liveCalls = defineMetric({
  name: 'callweave_console_live_calls',
  kind: 'gauge',
  help: 'Calls in progress as the console sees them.',
  unit: '1',
  labels: [],
});

export const eventReaders = defineMetric({
  name: 'callweave_console_event_readers',
  kind: 'gauge',
  help: 'Open event streams.',
  unit: '1',
  labels: [],
});

export const readersDropped = defineMetric({
  name: 'callweave_console_readers_dropped',
  kind: 'counter',
  help: 'Event streams that were closed because their reader was too slow.',
  unit: '1',
  labels: [],
});

export const responses = defineMetric({
  name: 'callweave_console_responses',
  kind: 'counter',
  help: 'HTTP responses by route and status.',
  unit: '1',
  labels: ['route', 'status'],
});

/** Every metric of this package; the reference is generated from it. */
export const consoleMetrics = [liveCalls, eventReaders, readersDropped, responses] as const;
