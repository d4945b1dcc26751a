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

export const callsReanchored = defineMetric({
  name: 'callweave_edge_calls_reanchored',
  kind: 'counter',
  help: 'Calls whose media node was gone, by what became of them: moved, half (one side alone hears), refused.',
  unit: '1',
  labels: ['outcome'],
});

export const callsStranded = defineMetric({
  name: 'callweave_edge_calls_stranded',
  kind: 'gauge',
  help: 'Calls in hand whose media node is gone and that have not been moved to another yet.',
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

export const inviteBytesSaved = defineMetric({
  name: 'callweave_edge_invite_bytes_saved',
  kind: 'counter',
  help: 'Bytes left out of INVITEs that would not have arrived, by what was done: headers, compact, codecs, tcp.',
  unit: 'By',
  labels: ['rule'],
});

export const invitesTooLong = defineMetric({
  name: 'callweave_edge_invites_too_long',
  kind: 'counter',
  help: 'INVITEs that were sent by UDP although nothing made them short enough.',
  unit: '1',
  labels: [],
});

/** Every metric of this package; the reference is generated from it. */
export const edgeMetrics = [
  registersHeld,
  activeCalls,
  callsAdopted,
  callsReanchored,
  callsStranded,
  responsesSent,
  inviteBytesSaved,
  invitesTooLong,
] as const;

export const devicesKept = defineMetric({
  name: 'callweave_edge_keep_alives',
  kind: 'counter',
  help: 'Questions to devices behind NATs, by what came of them: answered, silent, failed (not sent).',
  unit: '1',
  labels: ['outcome'],
});
