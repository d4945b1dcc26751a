import { systemClock } from '@callweave/clock';
import { recordLogs } from '@callweave/telemetry/testing';
import { Bus } from '../src/bus.ts';
import { answer } from '../src/responder.ts';
import { oracleProfile, weather } from './weather.ts';

/** A process that answers with its name and prints each place it is asked about: `oracle.ts URL INSTANCE`. */
const [url = '', instance = ''] = process.argv.slice(2);
const bus = await Bus.connect({
  url,
  user: oracleProfile.name,
  password: oracleProfile.name,
  profile: oracleProfile,
  instance,
  version: '1.0.0',
  clock: systemClock,
  log: recordLogs(),
});
await bus.serve([
  answer(weather, ({ place }) => {
    process.stdout.write(`${place}\n`);
    return Promise.resolve({ sky: instance });
  }),
]);
process.stdout.write('ready\n');
