import { defineMetric } from '@callweave/telemetry';

export const activeSessions = defineMetric({
  name: 'callweave_app_sessions',
  kind: 'gauge',
  help: 'Calls an application is busy with.',
  unit: '1',
  labels: [],
});

export const callsAnswered = defineMetric({
  name: 'callweave_app_calls',
  kind: 'counter',
  help: 'INVITEs by the SIP status they were answered with.',
  unit: '1',
  labels: ['status'],
});

/** Every metric of this package; the reference is generated from it. */
export const appServerMetrics = [activeSessions, callsAnswered] as const;
