import { defineMetric, gauge, labelledGauge, observedCounter } from '@callweave/telemetry';
import { type SipEngine } from './engine.ts';

export const transactionsOpen = defineMetric({
  name: 'callweave_engine_transactions',
  kind: 'gauge',
  help: 'SIP transactions being kept, finished ones until no repetition can come.',
  unit: '1',
  labels: [],
});

export const dialogsOpen = defineMetric({
  name: 'callweave_engine_dialogs',
  kind: 'gauge',
  help: 'SIP dialogs, early ones included.',
  unit: '1',
  labels: [],
});

export const connectionsOpen = defineMetric({
  name: 'callweave_engine_connections',
  kind: 'gauge',
  help: 'Open SIP connections.',
  unit: '1',
  labels: [],
});

export const connectionsByProtocol = defineMetric({
  name: 'callweave_engine_connections_by_protocol',
  kind: 'gauge',
  help: 'Open SIP connections of each protocol.',
  unit: '1',
  labels: ['protocol'],
});

export const bufferedBytes = defineMetric({
  name: 'callweave_engine_buffered',
  kind: 'gauge',
  help: 'What connections hold of messages that have not ended, and of answers that are not read.',
  unit: 'By',
  labels: [],
});

export const appsConnected = defineMetric({
  name: 'callweave_engine_apps',
  kind: 'gauge',
  help: 'Applications on the control port.',
  unit: '1',
  labels: [],
});

export const requestsPending = defineMetric({
  name: 'callweave_engine_requests_pending',
  kind: 'gauge',
  help: 'Requests that wait for an application or for the network.',
  unit: '1',
  labels: [],
});

export const limitsReached = defineMetric({
  name: 'callweave_engine_limits_reached',
  kind: 'counter',
  help: 'Requests and connections refused or given up over a limit. `delay`: messages waited too long; `unanswered`: the application was behind.',
  unit: '1',
  labels: ['limit'],
});

export const admittedShare = defineMetric({
  name: 'callweave_engine_admitted_share',
  kind: 'gauge',
  help: 'Share of new requests that is let in; below 1 the engine is overloaded.',
  unit: '1',
  labels: [],
});

export const queueDelay = defineMetric({
  name: 'callweave_engine_queue_delay',
  kind: 'gauge',
  help: 'How long messages wait before they are looked at.',
  unit: 's',
  labels: [],
});

export const timersRunning = defineMetric({
  name: 'callweave_engine_timers',
  kind: 'gauge',
  help: 'Timers of transactions and of what belongs to them.',
  unit: '1',
  labels: [],
});

/** Every metric of this package; the reference is generated from it. */
export const engineMetrics = [
  ...[
    transactionsOpen,
    dialogsOpen,
    connectionsOpen,
    connectionsByProtocol,
    bufferedBytes,
    appsConnected,
    requestsPending,
  ],
  ...[limitsReached, admittedShare, queueDelay, timersRunning],
] as const;

/** Lets every scrape read the engine's figures. */
export function publishMetrics(engine: SipEngine): void {
  gauge(transactionsOpen, () => engine.stats().transactions);
  gauge(dialogsOpen, () => engine.stats().dialogs);
  gauge(connectionsOpen, () => engine.stats().connections);
  labelledGauge(connectionsByProtocol, () =>
    [...engine.stats().connectionsBy].map(([protocol, value]) => ({ value, labels: { protocol } })),
  );
  gauge(bufferedBytes, () => engine.stats().bufferedBytes);
  gauge(appsConnected, () => engine.stats().apps);
  gauge(requestsPending, () => engine.stats().pending);
  observedCounter(limitsReached, () =>
    [...engine.stats().limits].map(([limit, value]) => ({ value, labels: { limit } })),
  );
  gauge(timersRunning, () => engine.stats().timers);
  gauge(admittedShare, () => engine.stats().admittedShare);
  gauge(queueDelay, () => engine.stats().queueDelayMs / 1_000);
}
