import { systemClock } from '@callweave/clock';
import { recordLogs } from '@callweave/telemetry/testing';
import { Departures } from '../src/departures.ts';
import { Publisher } from '../src/publisher.ts';
import { added } from './added.ts';

/** A process cut off from the bus that tells facts and then only waits: `teller.ts DIRECTORY USER FACTS`. */
const [directory = '', user = '', facts = '0'] = process.argv.slice(2);
const publisher = await Publisher.open({
  js: { publish: () => Promise.reject(new Error('the bus is away')) },
  isConnected: () => false,
  onReconnect: () => undefined,
  clock: systemClock,
  departures: new Departures(systemClock),
  log: recordLogs(),
  directory,
  instance: 'tttttttttttttttt',
  source: 'callweave/oracle/tttttttttttttttt',
});
for (let sequence = 1; sequence <= Number(facts); sequence++) publisher.tell(added(user, sequence));
setInterval(() => undefined, 1_000);
process.stdout.write('ready\n');
