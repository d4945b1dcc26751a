import getPort from 'get-port';
import { expect } from 'vitest';
import { type Baresip } from './baresip.ts';
import { hears, type PhonePlatform } from './phone-platform.ts';
import { runSipp } from './sipp.ts';
import { addSubscribers, sippLines } from './subscribers.ts';
import { withTone } from './tone-file.ts';

/** A gateway at the edge `remote` calls bob's phone, leaves it the offer, when it calls and in the call, and is heard. */
export async function callLeavingTheOffer({ bus }: PhonePlatform, remote: string, bob: Baresip): Promise<void> {
  const [gateway] = await addSubscribers(bus, `late-${String(await getPort())}-`, 1);
  if (gateway === undefined) throw new Error('no account');
  await withTone(700, async (tone) => {
    const keys = { callee: 'bob', tone_file: tone };
    const about = { remote, calls: 1, talkMs: 2_500 };
    const calling = runSipp({ ...about, scenario: 'late-offer', keys, lines: sippLines([gateway]) });
    await bob.waitFor('CALL_ESTABLISHED');
    await hears(bob, 700);
    const { errors, ...told } = await calling;
    expect(told, errors).toMatchObject({ successful: 1, failed: 0 });
  });
  await bob.waitFor('CALL_CLOSED');
}
