import { defineMetric } from '@callweave/telemetry';

export const nodesUp = defineMetric({
  name: 'callweave_media_nodes_up',
  kind: 'gauge',
  help: 'Media nodes that answer.',
  unit: '1',
  labels: [],
});

export const nodesConfigured = defineMetric({
  name: 'callweave_media_nodes_configured',
  kind: 'gauge',
  help: 'Media nodes this process was told of.',
  unit: '1',
  labels: [],
});

export const mediaSessions = defineMetric({
  name: 'callweave_media_sessions',
  kind: 'gauge',
  help: 'Calls on the media nodes that answer, whoever put them there.',
  unit: '1',
  labels: [],
});

export const commandDuration = defineMetric({
  name: 'callweave_media_command_duration',
  kind: 'histogram',
  help: 'Time from sending a command to a media node to its answer, by outcome.',
  unit: 's',
  labels: ['command', 'outcome'],
});

/** Every metric of this package; the reference is generated from it. */
export const mediaControlMetrics = [nodesUp, nodesConfigured, mediaSessions, commandDuration] as const;
