import getPort from 'get-port';
import { expect, test } from 'vitest';
import { freePhonePort } from '../support/free-port.ts';
import { PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';

const phones = new PhonePlatform();
const wholeCall = ['initiated', 'routed', 'ringing', 'answered', 'ended'];

/** A gateway that is registered, and answers as its scenario says. */
interface Gateway {
  readonly user: string;
  readonly answersAs: string;
  /** What stands in that. */
  readonly keys?: Readonly<Record<string, string>>;
}

async function accounts(count: number): Promise<LoadAccount[]> {
  return addSubscribers(phones.bus, `early-${String(await getPort())}-`, count);
}

/** One calls the first of the others, and all come to the end of their scenarios. */
async function play(
  calls: string,
  [caller, ...devices]: readonly LoadAccount[],
  gateways: readonly Gateway[],
): Promise<void> {
  if (caller === undefined) throw new Error('no account');
  const stop = new AbortController();
  const about = { remote: phones.edge, calls: 1, talkMs: 1_000, signal: stop.signal };
  const answering = [];
  for (const { user, answersAs, keys = {} } of gateways) {
    const lines = sippLines(devices.filter((account) => account.user === user));
    const localPort = await freePhonePort();
    expect(await runSipp({ ...about, scenario: 'register', lines, localPort })).toMatchObject({ successful: 1 });
    answering.push(runSipp({ ...about, scenario: answersAs, keys, localPort }));
  }
  const keys = { callee: gateways[0]?.user ?? '' };
  const called = await runSipp({ ...about, scenario: calls, keys, lines: sippLines([caller]) });
  // Who was not called waits for ever.
  if (called.successful === 0) stop.abort();
  const all = [called, ...(await Promise.all(answering))];
  expect(all.map(({ errors }) => errors)).toEqual(all.map(() => ''));
  expect(all.map(({ successful }) => successful)).toEqual(all.map(() => 1));
  expect(await phones.toldInAll()).toEqual(wholeCall);
}

test('a gateway that leaves the offer to another is told it before the answer, and answers it in its PRACK', async () => {
  const all = await accounts(2);
  const user = all[1]?.user ?? '';
  await play('call-offerless-reliably', all, [{ user, answersAs: 'offer-reliably' }]);
});

test('a gateway that was reliably told the answer of another is told that of the one that took the call instead', async () => {
  const all = await accounts(3);
  const [, first = '', second = ''] = all.map(({ user }) => user);
  const keys = { to: `sip:${second}@${phones.edge}` };
  await play('call-told-anew', all, [
    { user: first, answersAs: 'early-then-forward', keys },
    { user: second, answersAs: 'answer-later' },
  ]);
});
