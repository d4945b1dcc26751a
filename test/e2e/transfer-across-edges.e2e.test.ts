import { type CallRecord } from '@callweave/contracts';
import getPort from 'get-port';
import { expect, test } from 'vitest';
import { answeredCalls, legOf } from '../support/call-facts.ts';
import { hears, PhonePlatform } from '../support/phone-platform.ts';
import { runSipp } from '../support/sipp.ts';
import { addSubscribers, type LoadAccount, sippLines } from '../support/subscribers.ts';
import { until } from '../support/until.ts';

const phones = new PhonePlatform({ CALLWEAVE_SIP_PORTS: '0,0' });
const whole = ['initiated', 'routed', 'ringing', 'answered'];

async function account(name: string): Promise<LoadAccount> {
  const [added] = await addSubscribers(phones.bus, `${name}-${String(await getPort())}-`, 1);
  if (added === undefined) throw new Error('no account');
  return added;
}

/** The caller's dialog of a call, as its phone would name it in a Refer-To. */
function dialogOf(call: CallRecord): string {
  const { sipCallId, legId, remoteTag } = legOf(call, 0);
  return encodeURIComponent(`${sipCallId};to-tag=${legId};from-tag=${remoteTag}`);
}

async function onlyCall(): Promise<CallRecord> {
  const calls = async (): Promise<CallRecord[]> => answeredCalls(phones.bus);
  await until('the first call is stored', async () => (await calls()).length === 1);
  const [call] = await calls();
  if (call === undefined) throw new Error('no call');
  return call;
}

test.each(['udp', 'tcp'] as const)(
  'a phone joins the parties of two calls that two edges have, one of them over %s, and they hang up where they are',
  async (transport) => {
    const [first = '', second = ''] = phones.platform.sip;
    const joiner = await account('joiner');
    const bob = await phones.phone('bob', { registrar: second, transport, toneHz: 1000 });
    const alice = await phones.phone('alice', { registrar: first, toneHz: 500 });
    const lines = sippLines([joiner]);
    const consulting = runSipp({
      ...{ scenario: 'call', remote: second, calls: 1, lines, talkMs: 60_000 },
      keys: { callee: 'bob' },
    });
    const other = await onlyCall();
    const keys = { callee: 'alice', target: `sip:bob@${second}`, replaces: dialogOf(other) };
    const joined = await runSipp({ scenario: 'join-calls', remote: first, calls: 1, lines, keys, talkMs: 200 });
    expect(joined, joined.errors).toMatchObject({ successful: 1, errors: '' });
    expect(await consulting).toMatchObject({ successful: 1 });
    await Promise.all([hears(alice, 1000), hears(bob, 500)]);
    bob.command('hold');
    await until('the hold is told', async () => (await phones.toldOfEach())[1]?.at(-1) === 'held');
    bob.command('hangup');
    await alice.waitFor('CALL_CLOSED');
    const areOver = async (): Promise<boolean> => (await phones.toldOfEach()).every((told) => told.at(-1) === 'ended');
    await until('both calls are over', areOver);
    expect(await phones.toldOfEach()).toEqual([
      [...whole, 'ended'],
      [...whole, 'transferred', 'held', 'ended'],
    ]);
  },
);
