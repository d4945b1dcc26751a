import { callEvents } from './call.ts';
import { callRecorded } from './cdr.ts';
import { defineStream, type StreamType } from './define.ts';
import { mediaNodeDown, mediaNodeUp } from './media.ts';
import { bindingAdded, bindingRefreshed, bindingRemoved } from './registration.ts';

const DAY_SEC = 86_400;

export const registrationsStream = defineStream('REGISTRATIONS', {
  summary: 'Devices that came, stayed and went.',
  events: [bindingAdded, bindingRefreshed, bindingRemoved],
  maxAgeSec: DAY_SEC,
  maxMessages: 1_000_000,
});

export const callsStream = defineStream('CALLS', {
  summary: 'What happened to calls; a subject costs the server about 220 bytes of memory.',
  events: callEvents,
  maxAgeSec: DAY_SEC,
  maxMessages: 5_000_000,
});

export const cdrsStream = defineStream('CDRS', {
  summary: 'Records of calls; whoever bills or archives reads them within the week.',
  events: [callRecorded],
  maxAgeSec: 7 * DAY_SEC,
  maxMessages: 2_000_000,
});

export const mediaStream = defineStream('MEDIA', {
  summary: 'Media nodes that came and went.',
  events: [mediaNodeUp, mediaNodeDown],
  maxAgeSec: 7 * DAY_SEC,
  maxMessages: 100_000,
});

/** Every stream that is provisioned. */
export const streams: readonly StreamType[] = [registrationsStream, callsStream, cdrsStream, mediaStream];
