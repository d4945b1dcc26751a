import { defineMetric } from '@callweave/telemetry';

export const activeChannels = defineMetric({
  name: 'callweave_media_channels',
  kind: 'gauge',
  help: 'Calls that have a media port now.',
  unit: '1',
  labels: [],
});

export const channelsRefused = defineMetric({
  name: 'callweave_media_channels_refused',
  kind: 'counter',
  help: 'Calls that were not taken, by SIP status.',
  unit: '1',
  labels: ['status'],
});

export const beatsSkipped = defineMetric({
  name: 'callweave_media_beats_skipped',
  kind: 'counter',
  help: 'Frames of 20 ms that were never sent since the process was busy.',
  unit: '1',
  labels: [],
});

/** Every metric of this package; the reference is generated from it. */
export const mediaEngineMetrics = [activeChannels, channelsRefused, beatsSkipped] as const;
