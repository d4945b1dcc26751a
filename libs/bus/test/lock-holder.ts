import { systemClock } from '@callweave/clock';
import { Journal } from '../src/journal.ts';

/** A process that holds a journal with facts until it is killed: `lock-holder.ts DIRECTORY OWNER FACTS`. */
const [directory = '', owner = '', facts = '0'] = process.argv.slice(2);
const journal = await Journal.open(directory, owner);
for (let n = 1; n <= Number(facts); n++) journal.append({ subject: `test.${String(n)}`, id: String(n), payload: '{}' });
const alive = setInterval(() => systemClock.epochMs(), 1_000);
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  clearInterval(alive);
  journal.close();
});
