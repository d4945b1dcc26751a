// Two scripted phones register, call, talk and hang up against the platform that runs in --state-dir; prints what they
// and the services said. To be run by `npm run demo:call`.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openConnection } from '@callweave/bus';
import { type PlatformFile } from '@callweave/service';
import { createLogger } from '@callweave/telemetry';
import { drawLadder } from '../support/ladder.ts';
import { until } from '../support/until.ts';
import { type BusWatch, watchBus } from './bus-watch.ts';
import { DemoError, findPlatform, requireAccounts } from './find-platform.ts';
import { Phone } from './phone.ts';

const EVENTS = 'initiated routed ringing answered ended';
const TOLD_MS = 5_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string', default: '.callweave' } } });
  try {
    const platform = findPlatform(values['state-dir']);
    requireAccounts(platform, ['alice', 'bob']);
    const problems = await demonstrate(platform);
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** Makes the call and prints its ladder; what went wrong. */
async function demonstrate(platform: PlatformFile): Promise<string[]> {
  const log = createLogger({ name: 'demo-call', level: 'fatal', fd: 2 });
  const connection = await openConnection({ ...platform.nats, name: 'operator', waitForServer: false }, log);
  try {
    const watch = await watchBus(connection, 'alice', 'bob');
    const alice = await Phone.create('alice', platform);
    const bob = await Phone.create('bob', platform);
    console.log(`alice calls bob through ${platform.sip[0] ?? ''} …\n`);
    const phones = [alice, bob];
    if ((await alice.play('register')) && (await bob.play('register'))) await call(alice, bob, watch);
    for (const phone of phones) await phone.play('unregister');
    const steps = [...watch.steps(), ...phones.flatMap((phone) => phone.steps)];
    console.log(drawLadder(steps).join('\n'));
    console.log(
      '\nPhones and bus are timed where they are heard: what is less than a millisecond apart may have swapped.',
    );
    const told = watch.callKinds().join(' ');
    const problems = phones.flatMap((phone) => phone.failures);
    return told === EVENTS ? problems : [...problems, `events of the call: ${told || 'none'}; expected ${EVENTS}`];
  } finally {
    await connection.nc.close();
  }
}

async function call(alice: Phone, bob: Phone, watch: BusWatch): Promise<void> {
  const hangUp = new AbortController();
  const answering = bob.play('uas', { signal: hangUp.signal });
  await alice.play('call', { keys: { callee: 'bob' } });
  hangUp.abort();
  await answering;
  const isOver = (): boolean => /ended|failed/.test(watch.callKinds().at(-1) ?? '');
  const late = await until('the call is over', isOver, TOLD_MS).then(() => undefined, String);
  if (late !== undefined) alice.failures.push(late);
}
