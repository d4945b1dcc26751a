import { defineMetric } from '@callweave/telemetry';

export const requestDuration = defineMetric({
  name: 'callweave_bus_request_duration',
  kind: 'histogram',
  help: 'Time from asking a question to its answer, retries included.',
  unit: 's',
  labels: ['request'],
});

export const answerDuration = defineMetric({
  name: 'callweave_bus_answer_duration',
  kind: 'histogram',
  help: 'Time a service took to answer a question.',
  unit: 's',
  labels: ['request', 'outcome'],
});

export const journalPending = defineMetric({
  name: 'callweave_journal_pending',
  kind: 'gauge',
  help: 'Facts in the journal that JetStream has not acknowledged yet.',
  unit: '1',
  labels: [],
});

/** Every metric of this package; the reference is generated from it. */
export const busMetrics = [requestDuration, answerDuration, journalPending] as const;
