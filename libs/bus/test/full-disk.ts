import { FakeClock } from '@callweave/clock/testing';
import { recordLogs } from '@callweave/telemetry/testing';
import { Departures } from '../src/departures.ts';
import { Publisher } from '../src/publisher.ts';
import { told } from './thing-told.ts';

/**
 * A process that tells facts until its journal is full, and one more when SIGUSR2 says that there is room again: at
 * once, or after it has noticed by itself (`full-disk.ts DIRECTORY at-once|later`).
 */
const [directory = '', when = ''] = process.argv.slice(2);
const clock = new FakeClock();
const publisher = await Publisher.open({
  js: { publish: () => Promise.reject(new Error('the bus is away')) },
  isConnected: () => false,
  onReconnect: () => undefined,
  clock,
  departures: new Departures(clock),
  log: recordLogs(),
  directory,
  instance: 'edge',
  source: 'test',
});
let count = 0;
while (publisher.notReady === undefined) publisher.tell(told(`fact-${String(++count)}`));
process.once('SIGUSR2', () => {
  if (when === 'at-once') publisher.tell(told('after'));
  else clock.advance(5_000);
  process.stdout.write(`${publisher.notReady ?? 'ready again'}\n`);
  if (when !== 'at-once') publisher.tell(told('after'));
  process.stdout.write(`${String(publisher.pending)}\n`);
});
setInterval(() => undefined, 1_000);
process.stdout.write(`${String(count)}\n`);
